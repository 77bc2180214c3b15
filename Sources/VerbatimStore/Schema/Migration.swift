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

  enum Reversal: Sendable {
    case script(String)
    case impossible(reason: String)
  }

  /// In order of their versions.
  static let all: [Migration] = [.recorder, .aliases]

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
    version: 2, name: "aliases", reversal: .script("DROP TABLE verbatim_exchange_aliases"),
    tables: ["verbatim_exchange_aliases"], steps: { [$0.schema.aliases($0)] })
}

extension Connection {
  /// Brings the schema up to date, one migration after the other, and answers its version. Of many that start at once,
  /// one migrates, and the others wait.
  ///
  /// Throws `StoreError.unusable` when the database's schema is newer than this program.
  func migrate(now: Int64) throws -> Int64 {
    let dialect: Dialect = try dialect()
    let newest: Int64 = Migration.all.last?.version ?? 0
    while true {
      let current: Int64 = try schemaVersion()
      guard current <= newest else { throw StoreError.newerSchema(found: current, known: newest) }
      guard current < newest else { return newest }
      try migrateOnce(dialect, now: now)
    }
  }

  private func migrateOnce(_ dialect: Dialect, now: Int64) throws {
    try dialect.schema.exclusively(on: self) {
      try executeScript(dialect.schema.versions(dialect))
      let current: Int64 = try schemaVersion()
      guard let migration = Migration.all.first(where: { $0.version > current }) else { return }
      if try !hasBegun(migration) {
        for table in migration.tables where try has(table: table, dialect) {
          throw StoreError.unusable(
            "the database has a table \(table) that is not Verbatim's; name another database, or rename the table")
        }
        try begin(migration)
      }
      for step in migration.steps(dialect) { try executeScript(step) }
      try execute(
        "UPDATE verbatim_schema_versions SET applied_at = \(now) WHERE version = \(migration.version)")
    }
  }

  /// Where definitions are not rolled back, what was begun and not ended is begun again.
  private func hasBegun(_ migration: Migration) throws -> Bool {
    try first("SELECT 1 FROM verbatim_schema_versions WHERE version = \(migration.version)") { _ in true } ?? false
  }

  private func begin(_ migration: Migration) throws {
    try execute(
      """
      INSERT INTO verbatim_schema_versions (version, name, applied_at)
      VALUES (\(migration.version), \(migration.name), \(Int64(-1)))
      """)
  }

  private func has(table: String, _ dialect: Dialect) throws -> Bool {
    try first(dialect.schema.table(named: table)) { _ in true } ?? false
  }

  /// The version of the newest migration that was applied in full; 0 for none.
  func schemaVersion() throws -> Int64 {
    guard try has(table: "verbatim_schema_versions", dialect()) else { return 0 }
    return try first("SELECT coalesce(max(version), 0) FROM verbatim_schema_versions WHERE applied_at >= 0") {
      $0.integer(0)
    } ?? 0
  }
}

extension StoreError {
  static func newerSchema(found: Int64, known: Int64) -> StoreError {
    .unusable(
      "the database has schema version \(found), this program knows versions up to \(known); use a newer verbatim")
  }
}
