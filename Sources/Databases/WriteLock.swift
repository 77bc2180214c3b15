import Glibc
import Synchronization

/// The right to write to a database file: one holder at a time, be it a server, an import, a restore, or another program
/// that opens the file through this module.
///
/// It is an advisory lock (`flock`) on `<database>.lock`, beside the file that all links lead to. The kernel gives it back
/// when the process ends, however it ends. It has a file of its own since SQLite holds POSIX locks on the database
/// itself, and closing any descriptor of that file would drop them.
///
/// The file says who holds it; it stays when the lock is given back, since removing it would let two processes hold
/// locks on two files of one name.
package final class WriteLock: Sendable {
  /// Who holds a lock that could not be had.
  package struct Holder: Error, Sendable, Equatable {
    package var process: Int32?
    /// `server`, `import` or `restore`, for example.
    package var purpose: String
    /// Where a server can be asked to write instead.
    package var url: String?
    /// What shows such a server that one may read this file.
    package var token: String?
  }

  private let path: String
  private let purpose: String
  private let descriptor: Mutex<Int32?>

  /// Throws `Holder` when somebody has it, `DatabaseError` when the lock's file cannot be written.
  package init(database: String, purpose: String) throws {
    path = try Files.resolved(database) + ".lock"
    self.purpose = purpose
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw DatabaseError.file(errno, path) }
    descriptor = Mutex(file)
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      guard code == EWOULDBLOCK else { throw DatabaseError.file(code, path) }
      throw Self.holder(describedIn: file)
    }
    // A file that another account made keeps its mode.
    _ = fchmod(file, 0o600)
    try describe(url: nil, token: nil)
  }

  deinit { descriptor.withLock { file in file.map { Self.giveBack($0) } } }

  /// Tells other processes where to go, and what to show there.
  package func announce(url: String, token: String? = nil) throws(DatabaseError) {
    try describe(url: url, token: token)
  }

  package func release() {
    descriptor.withLock { file in
      guard let held = file else { return }
      ftruncate(held, 0)
      Self.giveBack(held)
      file = nil
    }
  }

  /// Unlocks first: a child that is just being started holds the descriptor, too, until it runs its program.
  private static func giveBack(_ file: Int32) {
    flock(file, LOCK_UN)
    close(file)
  }

  private func describe(url: String?, token: String?) throws(DatabaseError) {
    let place = [url, token].compactMap { $0.map { $0 + "\n" } }.joined()
    let text = "\(getpid())\n\(purpose)\n\(place)"
    try descriptor.withLock { file throws(DatabaseError) in
      guard let file else { return }
      guard ftruncate(file, 0) == 0, pwrite(file, text, text.utf8.count, 0) == text.utf8.count else {
        throw .file(errno, path)
      }
    }
  }

  private static func holder(describedIn file: Int32) -> Holder {
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = max(0, pread(file, buffer.baseAddress, buffer.count, 0))
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return Holder(
      process: lines.first.flatMap { Int32($0) },
      purpose: lines.count > 1 ? String(lines[1]) : "another process",
      url: lines.count > 2 && !lines[2].isEmpty ? String(lines[2]) : nil,
      token: lines.count > 3 && !lines[3].isEmpty ? String(lines[3]) : nil)
  }
}

extension WriteLock.Holder: CustomStringConvertible {
  package var description: String {
    let number = process.map { " (pid \($0))" } ?? ""
    if let url { return "held by the \(purpose) at \(url)\(number)" }
    return "held by \(purpose)\(number)"
  }
}
