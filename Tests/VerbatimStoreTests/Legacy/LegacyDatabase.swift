import Databases
import Foundation
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Another program's database, with the tables as that program defines them.
struct LegacyDatabase: Sendable {
  let engine: TestEngine
  let place: Engine

  /// A value as it stands in a statement.
  enum Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral {
    case text(String)
    case integer(Int64)
    case null
    /// As it is: a function, a number with a point.
    case literal(String)

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(nilLiteral: ()) { self = .null }

    var sql: String {
      switch self {
      case .text(let text): "'" + text.replacing("'", with: "''") + "'"
      case .integer(let number): "\(number)"
      case .null: "NULL"
      case .literal(let text): text
      }
    }
  }

  /// Runs statements, as the program's owner would.
  func run(_ scripts: [String]) async throws {
    let database = try await Database.open(Database.Configuration(place))
    let isMySQL: Bool = engine == .mariaDB || engine == .mariaDBWithoutBulk
    do {
      try await database.writer.run { connection in
        // As lenient as MySQL was before 5.7, so that odd dates can be written.
        if isMySQL { try connection.executeScript("SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'") }
        for script in scripts { try connection.executeScript(script) }
      }
      await database.close()
    } catch {
      await database.close()
      throw error
    }
  }

  func insert(into table: String, _ columns: [String], _ rows: [[Value]]) async throws {
    let names: String = columns.map { "\"\($0)\"" }.joined(separator: ", ")
    try await run(
      stride(from: 0, to: rows.count, by: 200).map { start in
        let some = rows[start..<min(start + 200, rows.count)].map { row in
          "(" + row.map(\.sql).joined(separator: ", ") + ")"
        }
        return "INSERT INTO \"\(table)\" (\(names)) VALUES \(some.joined(separator: ",\n"))"
      })
  }

  /// Everything that a query answers, as text.
  func rows(_ query: String, columns: Int) async throws -> [[String]] {
    var configuration = Database.Configuration(place)
    configuration.isWritable = false
    let database = try await Database.open(configuration)
    do {
      let rows: [[String]] = try await database.read { connection in
        try connection.query("\(unsafeSQL: query)") { row in (0..<columns).map { row.text($0) } }
      }
      await database.close()
      return rows
    } catch {
      await database.close()
      throw error
    }
  }

  func count(_ table: String) async throws -> Int {
    try await rows("SELECT count(*) FROM \"\(table)\"", columns: 1).first?.first.flatMap { Int($0) } ?? -1
  }

  var configuration: Store.Configuration {
    var configuration = Store.Configuration(place)
    configuration.purpose = "migration"
    return configuration
  }

  func migrate(_ options: LegacyMigration.Options = .init()) async throws -> Int64 {
    try await LegacyMigration(configuration, options: options).run()
  }
}

extension TestEngine {
  /// Runs `body` with an empty database, which is removed afterwards.
  func withLegacyDatabase<Result>(_ body: (LegacyDatabase) async throws -> Result) async throws -> Result {
    try await withFixture { fixture in try await body(LegacyDatabase(engine: self, place: fixture.engine)) }
  }

  private var isMySQL: Bool { self == .mariaDB || self == .mariaDBWithoutBulk }

  var serial: String {
    switch self {
    case .sqlite: "INTEGER PRIMARY KEY AUTOINCREMENT"
    case .postgreSQL: "BIGSERIAL PRIMARY KEY"
    case .mariaDB, .mariaDBWithoutBulk: "BIGINT PRIMARY KEY AUTO_INCREMENT"
    }
  }

  var longText: String { isMySQL ? "LONGTEXT" : "TEXT" }
  var dateTime: String { self == .postgreSQL ? "TIMESTAMP" : "DATETIME" }
  var pointInTime: String { self == .postgreSQL ? "TIMESTAMPTZ" : self == .sqlite ? "DATETIME" : "TIMESTAMP NULL" }
  var truth: String { self == .sqlite ? "NUMERIC" : "BOOLEAN" }
  var options: String { isMySQL ? "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4" : "" }

  /// New API's `ConversationHistory`, as GORM makes its table.
  func history(_ name: String) -> String {
    """
    CREATE TABLE "\(name)" (
      "id" \(serial), "user_id" BIGINT, "created_at" BIGINT, "updated_at" BIGINT, "conversation_id" VARCHAR(255),
      "message_id" VARCHAR(255), "role" VARCHAR(20), "content" \(longText), "model_name" VARCHAR(100),
      "token_id" BIGINT, "channel_id" BIGINT, "prompt_tokens" BIGINT DEFAULT 0, "completion_tokens" BIGINT DEFAULT 0,
      "total_tokens" BIGINT DEFAULT 0, "is_stream" \(truth) DEFAULT false, "finish_reason" VARCHAR(50),
      "usage" TEXT, "other" \(longText), "ip" VARCHAR(45)
    ) \(options);
    CREATE INDEX "idx_\(name)_conversation_id" ON "\(name)" ("conversation_id");
    CREATE INDEX "idx_\(name)_user_id" ON "\(name)" ("user_id")
    """
  }

  /// New API's `ErrorConversationHistory`.
  func failures(_ name: String) -> String {
    """
    CREATE TABLE "\(name)" (
      "id" \(serial), "user_id" BIGINT, "created_at" BIGINT, "conversation_id" VARCHAR(255),
      "message_id" VARCHAR(255), "role" VARCHAR(20), "content" \(longText), "model_name" VARCHAR(100),
      "token_id" BIGINT, "channel_id" BIGINT, "error_code" BIGINT, "error_message" TEXT,
      "prompt_tokens" BIGINT DEFAULT 0, "completion_tokens" BIGINT DEFAULT 0, "total_tokens" BIGINT DEFAULT 0,
      "other" TEXT, "ip" VARCHAR(45)
    ) \(options)
    """
  }

  /// The history of an earlier New API, with a row's whole conversation in `raw_json`.
  func rawHistory(_ name: String) -> String {
    """
    CREATE TABLE "\(name)" (
      "id" \(serial), "conversation_id" VARCHAR(255) NOT NULL, "model_name" VARCHAR(255) NOT NULL,
      "raw_json" \(longText) NOT NULL, "user_id" BIGINT, "created_at" \(pointInTime), "updated_at" \(pointInTime),
      "deleted_at" \(pointInTime)
    ) \(options)
    """
  }

  /// Seed 002, both its phases done.
  var seed002: [String] {
    [
      """
      CREATE TABLE conversations (
        id \(serial), user_id BIGINT, title VARCHAR(255), created_at \(dateTime), model_id INT,
        updated_at \(dateTime), message_count INT DEFAULT 0, total_tokens INT DEFAULT 0,
        status VARCHAR(20) DEFAULT 'active'
      ) \(options)
      """,
      """
      CREATE TABLE messages (
        id \(serial), conversation_id BIGINT, role VARCHAR(20), content \(longText), model_id INT,
        tokens_consumed INT, created_at \(dateTime), name VARCHAR(100), finish_reason VARCHAR(20), tool_calls JSON,
        tool_call_id VARCHAR(50), system_fingerprint VARCHAR(100), prompt_tokens INT, completion_tokens INT,
        total_tokens INT GENERATED ALWAYS AS (COALESCE(prompt_tokens, 0) + COALESCE(completion_tokens, 0)) STORED
      ) \(options)
      """,
      "CREATE INDEX idx_messages_conversation_created ON messages (conversation_id, created_at)",
      """
      CREATE TABLE conversation_settings (
        id \(serial), conversation_id BIGINT NOT NULL, temperature DECIMAL(3,2) DEFAULT 1.0, max_tokens INT,
        top_p DECIMAL(3,2) DEFAULT 1.0, frequency_penalty DECIMAL(3,2) DEFAULT 0.0,
        presence_penalty DECIMAL(3,2) DEFAULT 0.0, stop_sequences JSON, system_message TEXT,
        created_at \(dateTime), updated_at \(dateTime),
        FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE
      ) \(options)
      """,
      """
      CREATE TABLE message_attachments (
        id \(serial), message_id BIGINT NOT NULL, attachment_type VARCHAR(20) NOT NULL, file_url VARCHAR(500),
        file_name VARCHAR(255), file_size BIGINT, mime_type VARCHAR(100), metadata JSON, created_at \(dateTime),
        FOREIGN KEY (message_id) REFERENCES messages(id) ON DELETE CASCADE
      ) \(options)
      """,
    ]
  }

  /// Seed 003.
  var seed003: [String] {
    let status = isMySQL ? "ENUM('normal','archived','deleted')" : "VARCHAR(16)"
    let outcome = isMySQL ? "ENUM('normal','error')" : "VARCHAR(16)"
    return [
      """
      CREATE TABLE conversations (
        id VARCHAR(36) NOT NULL PRIMARY KEY, app_id VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL,
        status \(status) NOT NULL DEFAULT 'normal', inputs JSON NOT NULL, from_end_user_id VARCHAR(64) NOT NULL,
        from_source VARCHAR(32) NOT NULL DEFAULT 'api', dialogue_count INT NOT NULL DEFAULT 0,
        created_at \(pointInTime), updated_at \(pointInTime)
      ) \(options)
      """,
      """
      CREATE TABLE messages (
        id VARCHAR(36) NOT NULL PRIMARY KEY, conversation_id VARCHAR(36) NOT NULL, app_id VARCHAR(64) NOT NULL,
        model_provider VARCHAR(64) NOT NULL, model_id VARCHAR(128) NOT NULL, inputs JSON NOT NULL,
        query \(longText) NOT NULL, message JSON NULL, message_tokens INT NOT NULL DEFAULT 0,
        answer \(longText) NOT NULL, answer_tokens INT NOT NULL DEFAULT 0,
        provider_response_latency DECIMAL(10,3) NOT NULL DEFAULT 0.000,
        total_price DECIMAL(18,6) NOT NULL DEFAULT 0.000000, currency VARCHAR(8) NOT NULL DEFAULT 'USD',
        status \(outcome) NOT NULL DEFAULT 'normal', error TEXT NULL, message_metadata JSON NULL,
        client_message_id VARCHAR(64) NULL, created_at \(pointInTime), updated_at \(pointInTime),
        CONSTRAINT fk_msg_conv FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE,
        CONSTRAINT ux_msg_conv_client UNIQUE (conversation_id, client_message_id)
      ) \(options)
      """,
      """
      CREATE TABLE message_files (
        id VARCHAR(36) NOT NULL PRIMARY KEY, message_id VARCHAR(36) NOT NULL,
        type VARCHAR(16) NOT NULL DEFAULT 'document', transfer_method VARCHAR(16) NOT NULL DEFAULT 'local_file',
        url VARCHAR(2048) NOT NULL, belongs_to VARCHAR(16) NOT NULL DEFAULT 'user', upload_file_id VARCHAR(128) NULL,
        created_by_role VARCHAR(16) NOT NULL DEFAULT 'end_user', created_by VARCHAR(64) NOT NULL,
        created_at \(pointInTime),
        CONSTRAINT fk_file_msg FOREIGN KEY (message_id) REFERENCES messages(id) ON DELETE CASCADE
      ) \(options)
      """,
    ]
  }

  /// Seed 004.
  var seed004: [String] {
    [
      """
      CREATE TABLE conversations (
        id VARCHAR(36) NOT NULL PRIMARY KEY, last_active \(dateTime), created_at \(dateTime)
      ) \(options)
      """,
      """
      CREATE TABLE messages (
        id \(serial), conversation_id VARCHAR(36) REFERENCES conversations(id), role VARCHAR(20), content \(longText),
        "timestamp" \(dateTime)
      ) \(options)
      """,
    ]
  }
}
