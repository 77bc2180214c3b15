import CZstd
import Glibc
import VerbatimStore

/// Writes a new file compressed by zstd. It has its name only after `finish`: whatever ends before that leaves
/// `<name>.partial`, which the next attempt replaces.
final class CompressedFileWriter {
  private let path: String
  private let descriptor: Int32
  private let context: OpaquePointer
  private var output = [UInt8](repeating: 0, count: 256 << 10)

  init(_ path: String) throws {
    self.path = path
    guard access(path, F_OK) != 0 else { throw ImportError("\(path) exists already") }
    descriptor = open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("write", path) }
    guard let context = ZSTD_createCCtx() else { throw ImportError("no memory to compress") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit {
    ZSTD_freeCCtx(context)
    close(descriptor)
  }

  func write(_ bytes: [UInt8]) throws { try compress(bytes, ZSTD_e_continue) }

  /// Everything is on disk afterwards, under its name.
  func finish() throws {
    try compress([], ZSTD_e_end)
    guard fsync(descriptor) == 0, rename(path + ".partial", path) == 0 else { throw FileError("write", path) }
  }

  private func compress(_ bytes: [UInt8], _ mode: ZSTD_EndDirective) throws {
    try bytes.withUnsafeBytes { raw in
      var input = ZSTD_inBuffer(src: raw.baseAddress, size: raw.count, pos: 0)
      while true {
        let size = output.count
        var produced = 0
        let rest = output.withUnsafeMutableBytes { buffer in
          var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: size, pos: 0)
          defer { produced = target.pos }
          return ZSTD_compressStream2(context, &target, &input, mode)
        }
        guard ZSTD_isError(rest) == 0 else { throw ImportError("zstd: \(String(cString: ZSTD_getErrorName(rest)))") }
        try store(output[..<produced])
        if mode == ZSTD_e_end ? rest == 0 : input.pos == input.size { return }
      }
    }
  }

  private func store(_ bytes: ArraySlice<UInt8>) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { throw FileError("write", path) }
      rest = rest.dropFirst(max(0, count))
    }
  }
}

/// Reads what is compressed by zstd, in parts.
final class CompressedFileReader {
  /// 28 B5 2F FD, as every zstd frame begins.
  private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  private let path: String
  private let descriptor: Int32
  private let context: OpaquePointer
  private var input: ArraySlice<UInt8> = []
  private var isWhole = true

  /// Of a pipe it is not asked: what is read of it is gone.
  static func isCompressed(_ path: String) -> Bool {
    var facts = stat()
    guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return false }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4)
    return read(descriptor, &bytes, 4) == 4 && bytes == magic
  }

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("read", path) }
    guard let context = ZSTD_createDCtx() else { throw ImportError("no memory to decompress") }
    self.context = context
  }

  deinit {
    ZSTD_freeDCtx(context)
    close(descriptor)
  }

  /// nil at the end. Throws where the file is cut off or damaged.
  func next() throws -> [UInt8]? {
    while true {
      if input.isEmpty {
        let part = try readPart()
        guard !part.isEmpty else {
          guard isWhole else { throw ImportError("\(path) is cut off") }
          return nil
        }
        input = part[...]
      }
      let output = try decompress()
      if !output.isEmpty { return output }
    }
  }

  private func readPart() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 128 << 10)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw FileError("read", path) }
    return Array(bytes.prefix(count))
  }

  private func decompress() throws -> [UInt8] {
    var consumed = 0
    var result = 0
    let output = [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
      var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
      input.withUnsafeBytes { bytes in
        var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        result = ZSTD_decompressStream(context, &target, &source)
        consumed = source.pos
      }
      count = target.pos
    }
    guard ZSTD_isError(result) == 0 else {
      throw ImportError("\(path) is damaged: \(String(cString: ZSTD_getErrorName(result)))")
    }
    input = input.dropFirst(consumed)
    isWhole = result == 0
    return output
  }
}
