import Databases
import Testing

@Suite struct SettingsTests {
  @Test(arguments: [
    ("journal_mode", "wal"),
    // FULL: each commit is on disk before it returns.
    ("synchronous", "2"),
    ("foreign_keys", "0"), ("secure_delete", "0"), ("temp_store", "2"), ("trusted_schema", "0"),
    ("cell_size_check", "1"), ("wal_autocheckpoint", "0"), ("mmap_size", "0"), ("cache_size", "-20480"),
    ("busy_timeout", "5000"), ("query_only", "0"),
  ])
  func `the writer is set up to be durable`(_ setting: String, _ value: String) async throws {
    try await withDatabase { database, _ in
      let actual = try await database.writer.run { connection in
        try connection.first("PRAGMA \(unsafeSQL: setting)") { $0.text(0) }
      }
      #expect(actual == value)
    }
  }

  @Test(arguments: [("query_only", "1"), ("cache_size", "-8192"), ("trusted_schema", "0"), ("mmap_size", "0")])
  func `readers are small and take no writes`(_ setting: String, _ value: String) async throws {
    try await withDatabase { database, _ in
      let actual = try await database.read { connection in
        try connection.first("PRAGMA \(unsafeSQL: setting)") { $0.text(0) }
      }
      #expect(actual == value)
    }
  }
}
