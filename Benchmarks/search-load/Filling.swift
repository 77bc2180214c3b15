import Databases
import VerbatimModel
import VerbatimStore

/// Records messages over thirty days.
struct Filling: Sendable {
  /// 2025-01-01.
  private static let start: Int64 = 1_735_689_600_000
  private static let span: Int64 = 30 * 86_400_000
  private static let exchangesAtOnce = 4_096

  let messages: Int
  let corpus: Corpus

  /// Answers the megabytes of text.
  func fill(_ store: Store) async throws -> Double {
    var bytes = 0
    let count: Int = messages / 2
    for first in stride(from: 0, to: count, by: Self.exchangesAtOnce) {
      let batch: [NewExchange] = (first..<min(first + Self.exchangesAtOnce, count)).map { number in
        exchange(number, at: Self.start + Self.span / Int64(count) * Int64(number))
      }
      for exchange in batch {
        bytes += (exchange.messages + exchange.choices).reduce(0) { $0 + ($1.content?.count ?? 0) }
      }
      for result in await store.append(batch, account: "default") { _ = try result.get() }
    }
    return Double(bytes) / 1_000_000
  }

  func exchange(_ number: Int, at time: Int64?) -> NewExchange {
    func message(_ role: String, _ number: Int) -> Message {
      Message(role: role, content: Bytes(utf8: corpus.message(number)), contentKind: .text)
    }
    // Question and answer are of one language.
    let text: Int = number / 2 * 4 + number % 2
    var exchange = NewExchange(
      appID: "app-\(number % 7)", userID: "user-\(number % 997)", conversationID: "conversation-\(number / 10)",
      modelProvider: "openai", modelName: "gpt-4o-mini", messages: [message("user", text)],
      choices: [message("assistant", text + 2)])
    exchange.createdAt = time
    return exchange
  }
}

/// How much room the index takes.
struct IndexSize {
  private let engine: Engine
  /// Of an SQLite file before there was one.
  private var before: Double = 0

  init(_ engine: Engine) async throws {
    self.engine = engine
    if engine.file != nil { before = try await megabytes() }
  }

  func megabytes() async throws -> Double {
    var configuration = Database.Configuration(engine)
    configuration.isWritable = false
    let database = try await Database.open(configuration)
    let bytes: Int64? = try await database.read { connection in
      let query: SQL =
        switch try connection.dialect().family {
        case .sqlite: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        case .postgresql:
          """
          SELECT CAST(sum(pg_total_relation_size(oid)) AS BIGINT)
          FROM pg_class
          WHERE relkind = 'r' AND relname LIKE 'verbatim_search_%'
          """
        case .mysql:
          """
          SELECT CAST(sum(data_length + index_length + data_free) AS SIGNED)
          FROM information_schema.tables
          WHERE table_schema = database() AND table_name LIKE 'verbatim_search_%'
          """
        }
      return try connection.first(query) { $0.integer(0) }
    }
    await database.close()
    return Double(bytes ?? 0) / 1_000_000 - before
  }
}
