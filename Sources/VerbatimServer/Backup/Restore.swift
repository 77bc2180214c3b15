import Glibc

/// Puts a checked backup in a database's place; what was there before is kept beside it.
///
/// At every instant the database's name leads to a whole file: the old one or the new one.
package struct Restore: Sendable {
  package struct DatabaseExists: Error, Sendable, CustomStringConvertible {
    let path: String

    package var description: String {
      "\(path) exists; say --force to put the backup in its place (the old file is kept beside it)"
    }
  }

  private let backup: BackupFile
  private let database: String
  private let isForced: Bool
  /// For the old file's name: `20250115-103000`.
  private let stamp: String

  package init(backup: BackupFile, database: String, isForced: Bool, stamp: String) {
    self.backup = backup
    self.database = database
    self.isForced = isForced
    self.stamp = stamp
  }

  /// Where the old file went; nil when there was none. The caller holds the database's lock.
  package func run(progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void) async throws -> String? {
    if FilePath.exists(database), !isForced { throw DatabaseExists(path: database) }
    let copy = "\(database).restoring-\(getpid())"
    try await backup.copy(to: copy, progress: progress)
    do {
      let old = try keepOld()
      guard rename(copy, database) == 0 else { throw FileError("rename \(copy) to", database) }
      try Self.sync(folderOf: database)
      return old
    } catch {
      unlink(copy)
      throw error
    }
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

  private func keepOld() throws -> String? {
    guard FilePath.exists(database) else { return nil }
    let old = "\(database).before-restore-\(stamp)"
    guard link(database, old) == 0 else { throw FileError("keep \(database) as", old) }
    // A log left by a crash belongs to the old file, and would spoil the new one.
    for suffix in ["-wal", "-shm"] where FilePath.exists(database + suffix) {
      guard rename(database + suffix, old + suffix) == 0 else { throw FileError("rename", database + suffix) }
    }
    return old
  }

  private static func sync(folderOf path: String) throws {
    let folder = open(FilePath.split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw FileError("open the folder of", path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw FileError("fsync the folder of", path) }
  }
}
