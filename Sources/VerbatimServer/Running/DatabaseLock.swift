import Glibc
import Synchronization

/// The right to write to a SQLite file, held by one process at a time: a server, an import or a restore.
///
/// It is an advisory lock (`flock`) on `<database>.lock`, which the kernel gives back when the process ends, however it
/// ends. The file says who holds it; it stays when the lock is given back, since removing it would let two processes
/// hold locks on two files of one name.
package final class DatabaseLock: Sendable {
  /// Who holds a lock that could not be had.
  package struct Holder: Error, Sendable, Equatable {
    package var process: Int32?
    /// `server`, `import` or `restore`.
    package var purpose: String
    /// Where a server can be asked to write instead.
    package var url: String?
  }

  private let path: String
  private let purpose: String
  private let descriptor: Mutex<Int32?>

  /// Throws `Holder` when another process has it, `FileError` when the lock's file cannot be written.
  package init(database: String, purpose: String) throws {
    path = try Self.path(database)
    self.purpose = purpose
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw FileError("open", path) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let isHeld = errno == EWOULDBLOCK
      let error = FileError("lock", path)
      let holder = Self.holder(described: FileBytes.read(file))
      close(file)
      if isHeld { throw holder }
      throw error
    }
    descriptor = Mutex(file)
    try describe(url: nil)
  }

  deinit { release() }

  /// Tells other processes where to go.
  package func announce(url: String) throws { try describe(url: url) }

  package func release() {
    descriptor.withLock { file in
      guard let open = file else { return }
      ftruncate(open, 0)
      close(open)
      file = nil
    }
  }

  private func describe(url: String?) throws {
    let text = "\(getpid())\n\(purpose)\n\(url.map { $0 + "\n" } ?? "")"
    try descriptor.withLock { file in
      guard let file else { return }
      guard ftruncate(file, 0) == 0, pwrite(file, text, text.utf8.count, 0) == text.utf8.count else {
        throw FileError("write", path)
      }
    }
  }

  private static func holder(described bytes: [UInt8]) -> Holder {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return Holder(
      process: lines.first.flatMap { Int32($0) },
      purpose: lines.count > 1 ? String(lines[1]) : "another process",
      url: lines.count > 2 && !lines[2].isEmpty ? String(lines[2]) : nil)
  }

  /// Links lead to one file, whatever name was used.
  private static func path(_ database: String) throws -> String {
    if let real = realpath(database, nil) {
      defer { free(real) }
      return String(cString: real) + ".lock"
    }
    let (folder, name) = FilePath.split(database)
    guard let real = realpath(folder, nil) else { throw FileError("open the folder", folder) }
    defer { free(real) }
    return String(cString: real) + "/" + name + ".lock"
  }
}

extension DatabaseLock.Holder: CustomStringConvertible {
  package var description: String {
    let number = process.map { " (pid \($0))" } ?? ""
    if let url { return "held by the \(purpose) at \(url)\(number)" }
    return "held by \(purpose)\(number)"
  }
}
