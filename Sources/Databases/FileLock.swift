import Glibc

/// Keeps a second process from writing to the same file, for as long as this lives.
///
/// It locks a file beside the database: SQLite holds POSIX locks on the database itself, and closing any descriptor of
/// that file would drop them.
final class FileLock: Sendable {
  private let file: Int32

  init(forDatabase path: String) throws(DatabaseError) {
    let lockPath = path + "-lock"
    file = open(lockPath, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      let code = errno
      throw DatabaseError(kind: Self.kind(code), code: code, message: "\(lockPath): \(systemMessage(code))")
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      throw DatabaseError(
        kind: .unavailable, code: code,
        message: code == EWOULDBLOCK
          ? "\(path) is in use by another process" : "cannot lock \(lockPath): \(systemMessage(code))")
    }
  }

  deinit {
    if file >= 0 { close(file) }
  }

  private static func kind(_ code: Int32) -> DatabaseError.Kind {
    switch code {
    case ENOSPC, EDQUOT: .full
    case EROFS, EACCES, EPERM: .readOnly
    default: .unavailable
    }
  }
}
