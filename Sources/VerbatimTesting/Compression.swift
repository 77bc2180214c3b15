import CZlib
import CZstd

/// Bodies in the codings that the server decodes, made by the libraries that wrote the formats.
package enum Compression {
  package struct Failure: Error {
    package let call: String
  }

  /// One gzip member.
  package static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    guard zlib_gzip_init(&stream, 6) == Z_OK else { throw Failure(call: "deflateInit2") }
    defer { deflateEnd(&stream) }
    return try bytes.withUnsafeBufferPointer { input in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = UInt32(input.count)
      let room = Int(deflateBound(&stream, UInt(input.count)))
      return try [UInt8](unsafeUninitializedCapacity: room) { output, count in
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(room)
        guard deflate(&stream, Z_FINISH) == Z_STREAM_END else { throw Failure(call: "deflate") }
        count = room - Int(stream.avail_out)
      }
    }
  }

  /// One zstd frame with a checksum. `windowLog`: of the window that the frame asks for, instead of the level's own.
  package static func zstd(_ bytes: [UInt8], windowLog: Int32 = 0) throws -> [UInt8] {
    guard let context = ZSTD_createCCtx() else { throw Failure(call: "ZSTD_createCCtx") }
    defer { ZSTD_freeCCtx(context) }
    for (parameter, value) in [(ZSTD_c_checksumFlag, 1), (ZSTD_c_windowLog, windowLog)] {
      guard ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0 else {
        throw Failure(call: "ZSTD_CCtx_setParameter")
      }
    }
    let room = ZSTD_compressBound(bytes.count)
    return try [UInt8](unsafeUninitializedCapacity: room) { output, count in
      let written = ZSTD_compress2(context, output.baseAddress, room, bytes, bytes.count)
      guard ZSTD_isError(written) == 0 else { throw Failure(call: "ZSTD_compress2") }
      count = written
    }
  }
}
