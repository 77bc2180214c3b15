import Dispatch
import Glibc

/// The open file of a background export, read and written on a thread of its own, since a disk may be slow.
final class ExportJobFile: Sendable {
  private let path: String
  private let descriptor: Int32
  private let queue = DispatchQueue(label: "verbatim.export")

  private init(_ path: String, _ descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// To be written to, by nobody else as long as it is open; made where it is not there. nil: another worker has it.
  static func writing(_ path: String) throws -> ExportJobFile? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("write", path) }
    let file = ExportJobFile(path, descriptor)
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return file }
    guard errno == EWOULDBLOCK else { throw FileError("lock", path) }
    return nil
  }

  /// nil: there is none of this size.
  static func reading(_ path: String, size: Int) throws -> ExportJobFile? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileError("read", path)
    }
    let file = ExportJobFile(path, descriptor)
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw FileError("read", path) }
    return facts.st_size == size ? file : nil
  }

  /// Cuts off what lies behind, and goes on there; false where there is less.
  func cut(to size: Int) async throws -> Bool {
    try await onThread {
      var facts = stat()
      guard fstat(self.descriptor, &facts) == 0 else { throw FileError("read", self.path) }
      guard facts.st_size >= size else { return false }
      guard ftruncate(self.descriptor, size) == 0, lseek(self.descriptor, size, SEEK_SET) == size else {
        throw FileError("write", self.path)
      }
      return true
    }
  }

  func write(_ bytes: [UInt8]) async throws {
    try await onThread {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR else { throw FileError("write", self.path) }
        rest = rest.dropFirst(max(0, count))
      }
    }
  }

  /// Everything is on disk afterwards.
  func sync() async throws {
    try await onThread { if fsync(self.descriptor) != 0 { throw FileError("write", self.path) } }
  }

  /// At most `count` bytes; none at the end.
  func read(at offset: Int, count: Int) async throws -> [UInt8] {
    try await onThread {
      var failure: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        let result = pread(self.descriptor, buffer.baseAddress, count, offset)
        failure = result < 0 ? errno : 0
        filled = max(0, result)
      }
      errno = failure
      guard failure == 0 else { throw FileError("read", self.path) }
      return bytes
    }
  }

  private func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try work() }) }
    }
  }
}
