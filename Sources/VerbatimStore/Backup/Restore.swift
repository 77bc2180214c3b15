import Databases
import Glibc

/// Puts a checked backup in a database's place; what was there before is kept beside it.
///
/// First the old log is written back into the old file, so that at every instant the database's name leads to a whole
/// database, the old one or the new one. `DatabaseFiles` says what holds for an old one that cannot be opened.
package struct Restore: Sendable {
  package struct DatabaseExists: Error, Sendable, CustomStringConvertible {
    let path: String

    package var description: String {
      "\(path) exists; say --force to put the backup in its place (the old file is kept beside it)"
    }
  }

  /// What came into the database's place is not what the backup holds.
  package struct Differs: Error, Sendable, CustomStringConvertible {
    let path: String
    let backup: String
    let differences: [String]
    let old: Old?

    package var description: String {
      "\(path) differs from \(backup) after the restore: \(differences.joined(separator: "; "))"
        + (old.map { "; the old database is kept as \($0.paths.joined(separator: ", "))" } ?? "")
    }
  }

  /// The database that was there before, or what was left of it.
  package struct Old: Sendable, Equatable {
    /// Its files, the main one first where there was one.
    package let paths: [String]
    /// Why it could not be opened, if so.
    package let damage: String?
  }

  private let backup: BackupFile
  private let backupPath: String
  private let database: Store.Configuration
  private let isForced: Bool
  /// For the old file's name: `20250115-103000`.
  private let stamp: String

  package init(from backup: String, to database: Store.Configuration, isForced: Bool, stamp: String = Self.stamp()) {
    self.backup = BackupFile(path: backup, configuration: database)
    backupPath = backup
    self.database = database
    self.isForced = isForced
    self.stamp = stamp
  }

  /// Gives what was there before, nil when there was nothing. Throws `DatabaseHolder` while somebody writes to it.
  package func run(progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void) async throws -> Old? {
    let path: String = try database.file().path
    let files: DatabaseFiles = try DatabaseFiles(of: path)
    let lock: WriteLock = try WriteLock(database: files.path, purpose: "restore")
    defer { lock.release() }
    if files.hasMainFile, !isForced { throw DatabaseExists(path: path) }
    // The name is this restore's alone while it holds the lock: what lies there was left by one that was killed.
    let copy: DatabaseFiles = try DatabaseFiles(of: files.path + ".restoring")
    copy.remove()
    let expected: DatabaseOutline
    let old: Old?
    do {
      expected = try await backup.copy(to: copy.path, progress: progress)
      old = try keep(files, try await files.settle(holding: lock))
      try files.replace(with: copy.path)
    } catch {
      copy.remove()
      throw error
    }
    let found: DatabaseOutline = try await BackupFile(path: files.path, configuration: database).outline()
    let differences: [String] = found.differences(from: expected)
    guard differences.isEmpty else {
      throw Differs(path: path, backup: backupPath, differences: differences, old: old)
    }
    return old
  }

  private func keep(_ files: DatabaseFiles, _ condition: DatabaseFiles.Condition) throws -> Old? {
    let name: String = "\(files.path).before-restore-\(stamp)"
    var path: String = name
    var number = 1
    while try DatabaseFiles(of: path).exists {
      number += 1
      path = "\(name)-\(number)"
    }
    let paths: [String] = try files.keep(as: path)
    if paths.isEmpty { return nil }
    guard case .damaged(let reason) = condition else { return Old(paths: paths, damage: nil) }
    return Old(paths: paths, damage: reason)
  }

  /// The local time, for the names of old files.
  package static func stamp() -> String {
    var now = time(nil)
    var calendar = tm()
    localtime_r(&now, &calendar)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
      let count = strftime(buffer.baseAddress, buffer.count, "%Y%m%d-%H%M%S", &calendar)
      return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
