import Databases

/// One numbered step of the schema; never changed once released, only followed by another.
struct Migration: Sendable {
  let version: Int64
  let name: String
  let reversal: Reversal
  /// Tables that it makes; somebody else's of the same name are not touched.
  let tables: [String]
  /// Scripts or statements, to be run one after the other.
  let steps: @Sendable (Dialect) -> [String]
  /// What follows them and depends on the tables that there are; may find that some of it was done already.
  var adapt: (@Sendable (isolated Connection) throws -> Void)?

  enum Reversal: Sendable {
    /// May find that they were done already: `DROP TABLE IF EXISTS`. `loses` says what goes with them.
    case steps(@Sendable (Dialect) -> [String], loses: String? = nil, obstacle: Obstacle? = nil)
    case impossible(reason: String)

    /// One text for all engines.
    static func script(_ script: String, loses: String? = nil, obstacle: Obstacle? = nil) -> Reversal {
      .steps({ _ in [script] }, loses: loses, obstacle: obstacle)
    }
  }

  /// What a database may hold that bars the way back.
  struct Obstacle: Sendable {
    /// Finds a row where it does.
    let query: String
    let reason: String
  }

  /// In order of their versions.
  static let all: [Migration] = [
    .recorder, .aliases, .dayTables, .conversationLists, .feed, .usageTotals, .search, .threads, .sealedNames,
    .removedItems,
  ]

  /// The tables of the recorder. Documentation/design.md says what each is for.
  static let recorder = Migration(
    version: 1, name: "recorder",
    reversal: .impossible(reason: "it would delete the history; restore a backup instead"),
    tables: [
      "conversation_histories", "error_conversation_histories", "conversations", "verbatim_conversation_days",
      "conversation_settings", "message_files", "verbatim_message_keys", "verbatim_response_ids",
      "verbatim_usage_by_day", "verbatim_usage_by_hour", "verbatim_partitions", "verbatim_settings",
    ],
    steps: { $0.schema.recorder($0) })

  /// Where receipts lead whose exchange turned out to be another.
  static let aliases = Migration(
    version: 2, name: "aliases",
    reversal: .script(
      "DROP TABLE IF EXISTS verbatim_exchange_aliases",
      loses: "receipts of journalled exchanges that turned out to be repeats lead nowhere"),
    tables: ["verbatim_exchange_aliases"], steps: { [$0.schema.aliases($0)] })

  /// Where the rows of each day are.
  static let dayTables = Migration(
    version: 3, name: "day tables",
    reversal: .script(
      "DROP TABLE IF EXISTS verbatim_day_tables",
      obstacle: Obstacle(
        query: "SELECT 1 FROM verbatim_day_tables WHERE message_table = 1 OR error_table = 1",
        reason: "an older version would not find what is in the tables of days")),
    tables: ["verbatim_day_tables"], steps: { [$0.schema.dayTables($0)] })

  /// What lists and purges of conversations need. On the way back the indexes stay: an older version does not mind them.
  static let conversationLists = Migration(
    version: 4, name: "conversation lists",
    reversal: .script(
      """
      DROP TABLE IF EXISTS verbatim_conversation_tags;
      DROP TABLE IF EXISTS verbatim_purged_days;
      DROP TABLE IF EXISTS verbatim_purges
      """,
      loses: "tags of conversations, and purges that were cut off; verify of an older version misses what was purged"),
    tables: ["verbatim_conversation_tags", "verbatim_purges", "verbatim_purged_days"],
    steps: { $0.schema.conversationLists($0) })

  /// In which order exchanges were committed. On the way back the column stays: an older version does not mind it.
  static let feed = Migration(
    version: 5, name: "feed",
    reversal: .script(
      "DROP TABLE IF EXISTS verbatim_batches",
      loses: "the order of commits: whoever follows the history by it begins anew"),
    tables: ["verbatim_batches"], steps: { $0.schema.feed($0) }, adapt: { try $0.addBatchColumns() })

  /// The search index.
  static let search = Migration(
    version: 7, name: "search",
    reversal: .script(
      searchTables.map { "DROP TABLE IF EXISTS \($0)" }.joined(separator: ";\n"),
      loses: "the search index, which is made anew on the way up"),
    tables: searchTables, steps: { $0.schema.search($0) })

  /// Every database makes its own, from what it holds.
  static let searchTables = [
    "verbatim_search_segments", "verbatim_search_documents", "verbatim_search_terms", "verbatim_search_days",
    "verbatim_search_removals", "verbatim_search_state",
  ]

  /// By what stateless requests find the conversation that they go on with. On the way back the index on ids of
  /// responses stays: an older version does not mind it.
  static let threads = Migration(
    version: 8, name: "threads",
    reversal: .script(
      "DROP TABLE IF EXISTS verbatim_chain_heads",
      loses: "stateless requests that go on with what was recorded begin a new conversation"),
    tables: ["verbatim_chain_heads"], steps: { $0.schema.threads($0) })

  /// Room for names and tags that are sealed, where text has a length. On the way back it stays.
  static let sealedNames = Migration(
    version: 9, name: "sealed names",
    reversal: .script(
      "DELETE FROM verbatim_settings WHERE name = 'reencryption'",
      obstacle: Obstacle(
        query: """
          SELECT 1 FROM conversations WHERE name LIKE 'enc:v1:%'
          UNION ALL
          SELECT 1 FROM verbatim_conversation_tags WHERE tag LIKE 'enc:v1:%'
          LIMIT 1
          """,
        reason: "an older version cannot open names and tags; put none before CONTENT_KEYS and run verbatim reencrypt")),
    tables: [], steps: { _ in [] }, adapt: { try $0.makeRoomForSealedTexts() })

  /// Which items were taken out of conversations.
  static let removedItems = Migration(
    version: 10, name: "removed items",
    reversal: .script(
      "DROP TABLE IF EXISTS verbatim_removed_items",
      loses: "which items were taken out of conversations: they are listed again after the next upgrade"),
    tables: ["verbatim_removed_items"], steps: { [$0.schema.removedItems($0)] })
}

extension StoreError {
  static func newerSchema(found: Int64, known: Int64) -> StoreError {
    .unusable(
      "the database has schema version \(found), this program knows versions up to \(known); use a newer verbatim")
  }
}
