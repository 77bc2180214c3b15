import Dispatch
import Glibc
import Synchronization
import VerbatimModel

/// A file or standard input, read in parts on a thread of its own, since a pipe may be silent for long.
package final class InputFile: Sendable {
  package let name: String
  /// In bytes; nil for a pipe.
  package let size: Int?
  /// Whether it can be read again from where a position beside it says.
  package var isResumable: Bool { size != nil && name != "-" }
  private let descriptor: Int32
  private let queue = DispatchQueue(label: "verbatim.input")

  /// `-` is standard input.
  package init(_ path: String) throws {
    name = path
    descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("read", path) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw FileError("read", path) }
    let kind = facts.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw ImportError("\(path) is a folder") }
    size = kind == S_IFREG ? Int(facts.st_size) : nil
  }

  deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

  /// nil at the end.
  package func next(upTo count: Int = 256 << 10) async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try self.read(upTo: count) }) }
    }
  }

  private func read(upTo count: Int) throws -> [UInt8]? {
    while true {
      var failure: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        let result = Glibc.read(descriptor, buffer.baseAddress, count)
        failure = result < 0 ? errno : 0
        filled = max(0, result)
      }
      if failure == EINTR { continue }
      errno = failure
      guard failure == 0 else { throw FileError("read", name) }
      return bytes.isEmpty ? nil : bytes
    }
  }
}
