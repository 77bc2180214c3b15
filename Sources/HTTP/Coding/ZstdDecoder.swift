import CZstd

/// The zstd coding: one frame or several (RFC 8878), with a window of at most 8 MB, which RFC 9659 asks of both sides.
final class ZstdDecoder: ContentDecoder {
  private static let maximumWindowLog: Int32 = 23
  private static let usualSize = 256 << 10

  private let context: OpaquePointer
  private(set) var isAtEnd = true

  /// The window, which a few bytes can make grow to 8 MB.
  var memorySize: Int { max(0, ZSTD_sizeof_DCtx(context) - Self.usualSize) }

  init() throws(HTTPError) {
    guard let context = ZSTD_createDCtx() else { throw .badBody("no memory to decode zstd") }
    self.context = context
    guard ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.maximumWindowLog)) == 0 else {
      throw .badBody("the zstd window cannot be bounded")
    }
  }

  deinit { ZSTD_freeDCtx(context) }

  func decode(
    _ input: inout ArraySlice<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
  ) throws(HTTPError) -> Int {
    if isAtEnd {
      guard let first = input.first else { return 0 }
      guard Self.mayBeginFrame(first) else { throw .badBody("broken zstd: no frame begins here") }
      isAtEnd = false
    }
    var produced = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    var consumed = 0
    let result = input.withUnsafeBytes { bytes in
      var taken = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
      defer { consumed = taken.pos }
      return ZSTD_decompressStream(context, &produced, &taken)
    }
    input.removeFirst(consumed)
    guard ZSTD_isError(result) == 0 else {
      throw .badBody("broken zstd: " + String(cString: ZSTD_getErrorName(result)))
    }
    isAtEnd = result == 0
    return produced.pos
  }

  /// Of a frame (28 B5 2F FD) or a skippable one (5x 2A 4D 18). The library would also take the formats before
  /// zstd 0.8, whose decoders obey no bound.
  private static func mayBeginFrame(_ byte: UInt8) -> Bool { byte == 0x28 || byte & 0xF0 == 0x50 }
}
