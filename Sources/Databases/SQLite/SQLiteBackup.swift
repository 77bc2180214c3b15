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
    guard access(path, F_OK) != 0 else { throw failure(EEXIST, path) }
    try createPartialFile()
    do {
      try copy(progress: progress)
      try syncFile(partialPath, flags: O_RDWR)
      try moveIntoPlace()
    } catch {
      for suffix in ["", "-wal", "-shm", "-journal"] { unlink(partialPath + suffix) }
      throw error
    }
    try syncFile(folder, flags: O_RDONLY | O_DIRECTORY)
  }

  private func createPartialFile() throws(DatabaseError) {
    let file = open(partialPath, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure(errno, partialPath) }
    Glibc.close(file)
  }

  private func copy(progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError) {
    var destination: OpaquePointer?
    let sqlitePath = partialPath.hasPrefix("/") ? partialPath : "./" + partialPath
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(sqlitePath, &destination, flags, nil)
    defer { sqlite3_close_v2(destination) }
    guard code == SQLITE_OK, let destination else { throw .sqlite(code, destination) }
    // A half-written copy is thrown away, so it needs no journal and no fsync on the way.
    try execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", destination)
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
    guard errno == EPERM || errno == EOPNOTSUPP else { throw failure(errno, path) }
    guard access(path, F_OK) != 0 else { throw failure(EEXIST, path) }
    guard rename(partialPath, path) == 0 else { throw failure(errno, path) }
  }

  private var folder: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private func syncFile(_ path: String, flags: Int32) throws(DatabaseError) {
    let file = open(path, flags | O_CLOEXEC)
    guard file >= 0 else { throw failure(errno, path) }
    defer { Glibc.close(file) }
    guard fsync(file) == 0 else { throw failure(errno, path) }
  }

  private func failure(_ code: Int32, _ path: String) -> DatabaseError {
    let kind: DatabaseError.Kind =
      switch code {
      case ENOSPC, EDQUOT: .full
      case EROFS, EACCES, EPERM: .readOnly
      case EEXIST: .constraint
      default: .unavailable
      }
    return DatabaseError(kind: kind, code: code, message: "\(path): \(systemMessage(code))")
  }
}
