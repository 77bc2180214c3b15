import Glibc
import HTTP
import Synchronization

/// What `verbatim export` writes to: a file that has its name only when it is whole, or standard output.
package final class ExportFile: Sendable {
  private let path: String?
  private let descriptor: Int32
  private let progress = Mutex(Progress())

  /// How far an export has come.
  package struct Progress: Sendable {
    package var bytes = 0
    package var lines = 0
    /// Where the next export goes on.
    package var cursor = ""
    /// About how many exchanges there are at most; nil where that is not known.
    package var estimate: Int?
  }

  /// `path`: nil for standard output. Throws where the file exists.
  package init(_ path: String?) throws {
    self.path = path
    guard let path else {
      descriptor = 1
      return
    }
    guard access(path, F_OK) != 0 else { throw ImportError("\(path) exists already") }
    descriptor = open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("write", path) }
  }

  deinit { if path != nil { close(descriptor) } }

  package var soFar: Progress { progress.withLock { $0 } }

  func begin(_ fields: HTTPFields) {
    progress.withLock { progress in
      progress.cursor = fields[ExportHandlers.cursorField] ?? ""
      progress.estimate = fields[ExportHandlers.estimateField].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }
  }

  func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { throw FileError("write", path ?? "standard output") }
      rest = rest.dropFirst(max(0, count))
    }
    let lines = bytes.reduce(0) { $1 == 0x0A ? $0 + 1 : $0 }
    progress.withLock { progress in
      progress.bytes += bytes.count
      progress.lines += lines
    }
  }

  /// Everything is on disk afterwards, under its name.
  func finish() throws {
    guard let path else { return }
    guard fsync(descriptor) == 0, rename(path + ".partial", path) == 0 else { throw FileError("write", path) }
  }
}
