import CSQLite
import Glibc

/// The files of one SQLite database, for putting another in its place. Whoever uses it holds the database's lock.
///
/// The log and the journal belong to the main file beside which they were written: left beside another one, SQLite
/// would replay them into it.
package struct DatabaseFiles: Sendable {
  /// Whether a database is whole in its main file alone.
  package enum Condition: Sendable, Equatable {
    case settled
    /// It cannot be opened, so what its log holds stays there.
    case damaged(reason: String)
  }

  private static let companions = ["-wal", "-shm", "-journal"]

  /// The main file, where all links lead.
  package let path: String

  package init(of path: String) throws(DatabaseError) { self.path = try Files.resolved(path) }

  package var hasMainFile: Bool { Files.exists(path) }

  /// Whether any of the files is there.
  package var exists: Bool { !suffixes.isEmpty }

  private var suffixes: [String] { ([""] + Self.companions).filter { Files.exists(path + $0) } }

  /// Writes the log back into the main file. Throws when somebody still reads the database, or when there is no room or
  /// no right to write, which are to be mended first.
  package func settle(holding lock: WriteLock) async throws -> Condition {
    guard hasMainFile else { return .settled }
    do {
      let database = try await Database.open(Database.Configuration(path: path), holding: lock)
      let outcome: Result<Void, any Error>
      do {
        try await database.writer.runToEnd { try $0.checkpoint(.full) }
        outcome = .success(())
      } catch {
        outcome = .failure(error)
      }
      await database.close()
      try outcome.get()
    } catch let error as DatabaseError where error.kind == .corrupt || error.kind == .unavailable {
      if error.code & 0xff == SQLITE_BUSY { throw busy }
      return .damaged(reason: error.message)
    }
    guard size("-wal") == 0, size("-journal") == 0 else { throw busy }
    return .settled
  }

  /// Gives all files that are there a second name each, durably; the files under `path` do not change. The names, the
  /// main file's first.
  package func keep(as other: String) throws(DatabaseError) -> [String] {
    let kept = suffixes
    for (index, suffix) in kept.enumerated() where link(path + suffix, other + suffix) != 0 {
      let code = errno
      for made in kept[..<index] { unlink(other + made) }
      throw .file(code, "cannot keep \(path + suffix) as \(other + suffix)")
    }
    if !kept.isEmpty { try Files.syncFolder(of: other) }
    return kept.map { other + $0 }
  }

  /// Puts `copy`, a database in one file, in the place of this one. Of a settled database the name leads to a whole file
  /// at every instant, the old one or the new one. Of a damaged one the main file goes last, so that a crash in between
  /// leaves no log without its file; `keep` has preserved both.
  package func replace(with copy: String) throws(DatabaseError) {
    for suffix in Self.companions {
      guard unlink(path + suffix) == 0 || errno == ENOENT else { throw .file(errno, path + suffix) }
    }
    try Files.syncFolder(of: path)
    guard rename(copy, path) == 0 else { throw .file(errno, "cannot rename \(copy) to \(path)") }
    try Files.syncFolder(of: path)
  }

  /// Removes what is there.
  package func remove() {
    for suffix in [""] + Self.companions { unlink(path + suffix) }
  }

  private var busy: DatabaseError {
    DatabaseError(
      kind: .unavailable, code: SQLITE_BUSY, message: "\(path) is being read by another process; end that first")
  }

  private func size(_ suffix: String) -> Int {
    var facts = stat()
    return stat(path + suffix, &facts) == 0 ? Int(facts.st_size) : 0
  }
}
