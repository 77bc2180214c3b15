import CSQLite
import Glibc

/// Copies a database, page by page, into a new file.
///
/// The copy grows under a name of its own and gets its final one when it is whole and on disk, so that a file of that
/// name is always a good backup. It is left in rollback-journal mode: one file, readable also from a read-only folder.
struct SQLiteBackup {
  private static let pagesPerStep: Int32 = 1024

  let source: OpaquePointer
  let path: String

  private var partialPath: String { path + ".partial" }

  func run(progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError) {
    guard !Files.exists(path) else { throw .file(EEXIST, path) }
    let partial = try holdPartialFile()
    defer { close(partial) }
    do throws(DatabaseError) {
      try copy(progress: progress)
      guard fsync(partial) == 0 else { throw .file(errno, partialPath) }
      try moveIntoPlace()
    } catch {
      removePartialFiles()
      throw error
    }
    try Files.syncFolder(of: path)
  }

  /// Opens the partial file, empty and locked. One that a killed backup left is held by nobody, and replaced.
  private func holdPartialFile() throws(DatabaseError) -> Int32 {
    while true {
      let file = open(partialPath, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard file >= 0 else { throw .file(errno, partialPath) }
      guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        close(file)
        guard code == EWOULDBLOCK else { throw .file(code, partialPath) }
        throw DatabaseError(
          kind: .unavailable, code: code, message: "\(partialPath) is being written by another process")
      }
      if try isFreshPartialFile(file) { return file }
      close(file)
    }
  }

  /// Makes way for a new file unless this one is empty and still the one of that name. It is never emptied: a finished
  /// backup may share it, when the process that made it ended before its partial name was removed.
  private func isFreshPartialFile(_ file: Int32) throws(DatabaseError) -> Bool {
    var (opened, named) = (stat(), stat())
    guard fstat(file, &opened) == 0, lstat(partialPath, &named) == 0, opened.st_ino == named.st_ino,
      opened.st_dev == named.st_dev
    else { return false }
    if opened.st_size == 0 { return true }
    removePartialFiles()
    guard !Files.exists(partialPath) else { throw .file(errno, partialPath) }
    return false
  }

  private func removePartialFiles() {
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(partialPath + suffix) }
  }

  private func copy(progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError) {
    var destination: OpaquePointer?
    let sqlitePath = partialPath.hasPrefix("/") ? partialPath : "./" + partialPath
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    // The partial file's lock keeps others out; on NFS, SQLite's own locks would run into it.
    let code = sqlite3_open_v2(sqlitePath, &destination, flags, "unix-none")
    defer { sqlite3_close_v2(destination) }
    guard code == SQLITE_OK, let destination else { throw .sqlite(code, destination) }
    // A half-written copy is thrown away, so it needs no journal and no fsync on the way.
    try execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", destination)
    try copyPages(to: destination, progress: progress)
    try execute("PRAGMA journal_mode = DELETE", destination)
  }

  private func copyPages(
    to destination: OpaquePointer, progress: (_ done: Int, _ total: Int) -> Void
  ) throws(DatabaseError) {
    guard let backup = sqlite3_backup_init(destination, "main", source, "main") else {
      throw .sqlite(sqlite3_extended_errcode(destination), destination)
    }
    var code = SQLITE_OK
    repeat {
      if Task.isCancelled {
        sqlite3_backup_finish(backup)
        throw .cancelled
      }
      code = sqlite3_backup_step(backup, Self.pagesPerStep)
      let total = Int(sqlite3_backup_pagecount(backup))
      progress(total - Int(sqlite3_backup_remaining(backup)), total)
    } while code == SQLITE_OK
    let finished = sqlite3_backup_finish(backup)
    guard code == SQLITE_DONE else { throw .sqlite(finished == SQLITE_OK ? code : finished, destination) }
  }

  private func execute(_ script: String, _ database: OpaquePointer) throws(DatabaseError) {
    let code = sqlite3_exec(database, script, nil, nil, nil)
    guard code == SQLITE_OK else { throw .sqlite(code, database, sql: script) }
  }

  private func moveIntoPlace() throws(DatabaseError) {
    // Unlike rename, link never replaces a file; but not every file system has it.
    if link(partialPath, path) == 0 {
      unlink(partialPath)
      return
    }
    guard errno == EPERM || errno == EOPNOTSUPP else { throw .file(errno, path) }
    guard !Files.exists(path) else { throw .file(EEXIST, path) }
    guard rename(partialPath, path) == 0 else { throw .file(errno, path) }
  }
}
