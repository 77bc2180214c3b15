import Databases
import Foundation
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct VerifyTests {
  /// Damage that no crash leaves, and the check that must notice it.
  static let damages: [(statement: String, check: String)] = [
    ("UPDATE conversations SET dialogue_count = dialogue_count + 1 WHERE id = 'c'", "counters of conversations"),
    ("UPDATE conversations SET message_count = 0 WHERE id = 'c'", "counters of conversations"),
    ("UPDATE conversations SET error_count = 5 WHERE id = 'c'", "error counters"),
    ("UPDATE conversations SET total_tokens = 1 WHERE id = 'c'", "sums and times"),
    ("DELETE FROM conversations WHERE id = 'c'", "counters of conversations"),
    ("DELETE FROM conversation_histories WHERE conversation_id = 'c'", "conversations without rows"),
    ("DELETE FROM conversation_histories WHERE role = 'assistant'", "messages and their exchanges"),
    ("DELETE FROM conversation_histories WHERE role = 'user'", "messages and their parents"),
    ("UPDATE conversation_histories SET conversation_id = 'd' WHERE role = 'user'", "messages and their exchanges"),
    ("DELETE FROM verbatim_message_keys", "exchanges without idempotency key"),
    ("UPDATE verbatim_message_keys SET exchange_id = ZERO", "idempotency keys without exchange"),
    ("UPDATE message_files SET exchange_id = ZERO", "files without exchange"),
    ("DELETE FROM message_files", "files of an exchange"),
    ("UPDATE conversation_histories SET attachment_count = 0", "files of an exchange"),
    ("UPDATE verbatim_response_ids SET exchange_id = ZERO", "response ids without exchange"),
    ("UPDATE verbatim_partitions SET exchanges = exchanges + 1", "partition register"),
    ("UPDATE verbatim_partitions SET errors = 0", "partition register"),
    ("DELETE FROM verbatim_partitions", "partition register"),
    ("INSERT INTO verbatim_partitions (day, exchanges) VALUES (19990101, 3)", "partition register"),
    ("DELETE FROM verbatim_conversation_days", "active days"),
    ("INSERT INTO verbatim_conversation_days VALUES ('a', 'c', 19990101)", "active days"),
    ("UPDATE verbatim_usage_by_day SET prompt_tokens = prompt_tokens + 1", "usage by day"),
    ("UPDATE verbatim_usage_by_day SET latency_200 = 9", "usage by day"),
    ("DELETE FROM verbatim_usage_by_day", "usage by day"),
    ("UPDATE verbatim_usage_totals SET messages = messages + 1 WHERE grain = 2", "usage totals"),
    ("UPDATE verbatim_usage_totals SET exchanges = 0 WHERE grain = 1", "usage totals"),
    ("DELETE FROM verbatim_usage_totals WHERE grain = 0", "usage totals"),
    ("UPDATE verbatim_usage_by_hour SET messages = 0", "usage by hour"),
    ("UPDATE verbatim_usage_by_hour SET hour = hour - 3600000", "usage by hour"),
    ("UPDATE verbatim_usage_by_hour SET hour = hour - 864000000", "usage by hour"),
    ("UPDATE verbatim_usage_by_hour SET latency_200 = 9", "usage by hour"),
    (
      """
      INSERT INTO verbatim_usage_by_hour (hour, account_id, app_id, model_name, channel_id, status, exchanges)
      VALUES (0, 'a', 'app', 'gpt-4o', 0, 'normal', 1)
      """, "usage by hour"
    ),
    ("UPDATE conversation_histories SET position = 99 WHERE role = 'user'", "positions of messages"),
    (
      """
      UPDATE conversation_histories
      SET parent_id = (SELECT id FROM conversation_histories WHERE conversation_id = 'd' AND role = 'user')
      WHERE conversation_id = 'c' AND role = 'assistant'
      """, "messages and their parents"
    ),
    ("UPDATE conversation_histories SET created_at = created_at + 1 WHERE role = 'user'", "times of ids"),
    ("UPDATE error_conversation_histories SET created_at = 0", "times of ids"),
    ("UPDATE verbatim_message_keys SET day = 19990101", "days of ids"),
    ("UPDATE message_files SET day = 19990101", "days of ids"),
    ("UPDATE message_files SET conversation_id = 'd'", "files without exchange"),
    ("UPDATE conversations SET created_at = 1 WHERE id = 'c'", "sums and times"),
    ("UPDATE conversations SET last_active_at = 1 WHERE id = 'c'", "sums and times"),
    ("DELETE FROM verbatim_batches", "feed"),
    ("UPDATE conversation_histories SET batch = 99 WHERE batch IS NOT NULL", "feed"),
    ("DELETE FROM verbatim_settings", "settings"),
  ]

  private struct UndoDamage: Error {}

  @Test(arguments: TestEngine.allCases) func `damage is noticed`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await fill(store)
      let before = try await store.findings()
      #expect(before == [])
      for (statement, check) in Self.damages {
        let findings = try await findings(store, after: statement.replacing("ZERO", with: engine.zeroID))
        #expect(findings.contains { $0.hasPrefix(check) }, "\(statement): \(findings)")
      }
      let after = try await store.findings()
      #expect(after == [])
    }
  }

  private func fill(_ store: Store) async throws {
    var exchange = NewExchange.sample(conversation: "c", key: "k")
    exchange.promptTokens = 3
    exchange.responseID = "chatcmpl-1"
    exchange.latency = .milliseconds(120)
    exchange.attachments = [
      Attachment(kind: .file, transferMethod: .localFile, url: "/a", belongsTo: .user)
    ]
    _ = try await store.append(exchange, account: "a")
    _ = try await store.append(.failure(conversation: "c"), account: "a")
    _ = try await store.append(.sample(conversation: "d"), account: "a")
  }

  /// What is found inside a transaction that does the damage and is rolled back.
  private func findings(_ store: Store, after damage: String) async throws -> [String] {
    let calendar: PartitionCalendar = store.calendar
    let found = Mutex<[String]>([])
    do {
      try await store.database.writer.run { connection in
        try connection.transaction {
          try connection.executeScript(damage)
          let findings: [String] = try connection.findings(calendar) { _ in }
          found.withLock { $0 = findings }
          throw UndoDamage()
        }
      }
    } catch is UndoDamage {}
    return found.withLock { $0 }
  }
}

extension TestEngine {
  /// An id of nothing.
  fileprivate var zeroID: String {
    switch self {
    case .postgreSQL: "'00000000-0000-0000-0000-000000000000'"
    default: "x'00000000000000000000000000000000'"
    }
  }
}
