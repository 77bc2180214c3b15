import CZlib

/// The gzip coding, one member.
final class GzipEncoder: ContentEncoder {
  private static let level: Int32 = 4

  // zlib remembers where its stream stands, so that it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var output = [UInt8](repeating: 0, count: 128 << 10)

  init() throws(HTTPError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard zlib_gzip_init(stream, Self.level) == Z_OK else { throw .badBody("no memory to encode gzip") }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  func encode(_ part: [UInt8], isLast: Bool) throws(HTTPError) -> [UInt8] {
    var encoded: [UInt8] = []
    var result: Int32 = Z_OK
    part.withUnsafeBufferPointer { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = UInt32(clamping: input.count)
      repeat {
        let room = output.count
        output.withUnsafeMutableBufferPointer { buffer in
          stream.pointee.next_out = buffer.baseAddress
          stream.pointee.avail_out = UInt32(clamping: room)
          result = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
        }
        encoded += output[..<(room - Int(stream.pointee.avail_out))]
      } while result == Z_OK && (stream.pointee.avail_out == 0 || stream.pointee.avail_in > 0)
    }
    guard result == Z_OK || result == Z_BUF_ERROR || result == Z_STREAM_END else { throw .badBody("gzip failed") }
    return encoded
  }
}
