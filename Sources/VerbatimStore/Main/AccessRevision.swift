import Databases
import VerbatimModel

/// A number that moves with every change of who may do what, and of the latest changes what they were about.
extension Connection {
  /// How many changes are known by what they were about.
  private static let keptChanges: Int64 = 1000

  func initializeAccessRevision() throws {
    let columns: [BulkInsert.Column] = [.init("id", .integer), .init("revision", .integer)]
    let insert = BulkInsert(into: "verbatim_access_revision", columns, onConflict: .keep(key: ["id"]))
    try self.insert(insert, rows: 1) { _, binds in
      binds.integer(1)
      binds.integer(0)
    }
  }

  /// To be called first in the transaction of a change, which then sees all changes before it, since whoever else
  /// changes something waits. Answers the new revision.
  @discardableResult
  func moveAccessRevision(account: String? = nil, key: UUIDv7? = nil) throws -> Int64 {
    try execute("UPDATE verbatim_access_revision SET revision = revision + 1 WHERE id = 1")
    let revision: Int64 = try accessRevision()
    let columns: [BulkInsert.Column] = [.init("revision", .integer), .init("account_id", .text), .init("key_id", .id)]
    try insert(BulkInsert(into: "verbatim_access_changes", columns), rows: 1) { _, binds in
      binds.integer(revision)
      binds.text(account)
      if let key { binds.id(key) } else { binds.null() }
    }
    try execute("DELETE FROM verbatim_access_changes WHERE revision <= \(revision - Self.keptChanges)")
    return revision
  }

  /// Moves it past another database's, too, whose changes are not known one by one here.
  func raiseAccessRevision(above other: Int64) throws {
    try execute(
      """
      UPDATE verbatim_access_revision
      SET revision = (CASE WHEN revision > \(other) THEN revision ELSE \(other) END) + 1
      WHERE id = 1
      """)
  }

  func accessRevision() throws -> Int64 {
    try first("SELECT revision FROM verbatim_access_revision WHERE id = 1") { $0.integer(0) } ?? 0
  }
}

/// What has changed of who may do what.
package struct AccessChanges: Sendable {
  package enum Extent: Sendable {
    case nothing
    /// These, as they are now.
    case some(keys: [KeyHolder], accounts: [Account])
    /// More than is known one by one.
    case everything
  }

  /// Up to which it tells.
  package let revision: Int64
  package let extent: Extent
}

extension MainStore {
  /// What was changed since a revision, by whichever process; `seen`: nil for none. Failures are the caller's to log, who
  /// asks again and again.
  package func accessChanges(since seen: Int64?) async throws -> AccessChanges {
    do {
      return try await database.read { connection in
        let revision: Int64 = try connection.accessRevision()
        guard revision != seen else { return AccessChanges(revision: revision, extent: .nothing) }
        return AccessChanges(
          revision: revision, extent: try seen.flatMap { try connection.changes($0, to: revision) } ?? .everything)
      }
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw StoreError(error)
    }
  }
}

extension Connection {
  /// nil where they are not known one by one: because there are too many, an older program made some of them, or the
  /// database is another one than it was.
  fileprivate func changes(_ seen: Int64, to revision: Int64) throws -> AccessChanges.Extent? {
    guard seen < revision, revision - seen <= Self.keptChanges else { return nil }
    let subjects: [(account: String?, key: UUIDv7?)] = try query(
      """
      SELECT account_id, key_id
      FROM verbatim_access_changes
      WHERE revision > \(seen) AND revision <= \(revision)
      """
    ) { row in (row.optionalText(0), row.isNull(1) ? nil : try row.uuid(1)) }
    guard subjects.count == revision - seen else { return nil }
    return .some(
      keys: try subjects.compactMap { try $0.key.flatMap { try keyHolder("k.id = \($0)") } },
      accounts: try subjects.compactMap { try $0.account.flatMap { try account(named: $0) } })
  }
}
