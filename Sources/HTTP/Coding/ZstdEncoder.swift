import CZstd

/// The zstd coding, one frame with a checksum and a window that every client must take.
final class ZstdEncoder: ContentEncoder {
  private static let level: Int32 = 3
  private static let windowLog: Int32 = 21

  private let context: OpaquePointer
  private var output = [UInt8](repeating: 0, count: 128 << 10)

  init() throws(HTTPError) {
    guard let context = ZSTD_createCCtx() else { throw .badBody("no memory to encode zstd") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, Self.windowLog)
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit { ZSTD_freeCCtx(context) }

  func encode(_ part: [UInt8], isLast: Bool) throws(HTTPError) -> [UInt8] {
    var encoded: [UInt8] = []
    var consumed = 0
    while true {
      let (size, start) = (output.count, consumed)
      var produced = 0
      let rest = part.withUnsafeBytes { raw in
        output.withUnsafeMutableBytes { buffer in
          var input = ZSTD_inBuffer(src: raw.baseAddress, size: raw.count, pos: start)
          var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: size, pos: 0)
          defer { (consumed, produced) = (input.pos, target.pos) }
          return ZSTD_compressStream2(context, &target, &input, isLast ? ZSTD_e_end : ZSTD_e_continue)
        }
      }
      guard ZSTD_isError(rest) == 0 else { throw .badBody("zstd: " + String(cString: ZSTD_getErrorName(rest))) }
      encoded += output[..<produced]
      if isLast ? rest == 0 : consumed == part.count { return encoded }
    }
  }
}
