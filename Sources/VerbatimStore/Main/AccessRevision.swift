import Databases

/// A number that moves with every change of who may do what.
extension Connection {
  func initializeAccessRevision() throws {
    let columns: [BulkInsert.Column] = [.init("id", .integer), .init("revision", .integer)]
    let insert = BulkInsert(into: "verbatim_access_revision", columns, onConflict: .keep(key: ["id"]))
    try self.insert(insert, rows: 1) { _, binds in
      binds.integer(1)
      binds.integer(0)
    }
  }

  func moveAccessRevision() throws {
    try execute("UPDATE verbatim_access_revision SET revision = revision + 1 WHERE id = 1")
  }
}

extension MainStore {
  /// Moves with every change of an account or a key, by whichever process. Failures are the caller's to log, who asks
  /// again and again.
  package func accessRevision() async throws -> Int64 {
    do {
      return try await database.read { connection in
        try connection.first("SELECT revision FROM verbatim_access_revision WHERE id = 1") { $0.integer(0) } ?? 0
      }
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw StoreError(error)
    }
  }
}
