import CZlib

/// The gzip coding: one member or several (RFC 1952), their checksums and lengths verified.
final class GzipDecoder: ContentDecoder {
  // zlib remembers where its stream stands, so that it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private(set) var isAtEnd = true
  let memorySize = 0

  init() throws(HTTPError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard zlib_gunzip_init(stream) == Z_OK else { throw .badBody("no memory to decode gzip") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func decode(
    _ input: inout ArraySlice<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
  ) throws(HTTPError) -> Int {
    if isAtEnd {
      guard !input.isEmpty else { return 0 }
      guard inflateReset(stream) == Z_OK else { throw .badBody("the gzip stream cannot be begun") }
      isAtEnd = false
    }
    stream.pointee.next_out = output.baseAddress
    stream.pointee.avail_out = UInt32(clamping: output.count)
    let room = stream.pointee.avail_out
    let result = input.withUnsafeBufferPointer { bytes in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
      stream.pointee.avail_in = UInt32(clamping: bytes.count)
      return inflate(stream, Z_NO_FLUSH)
    }
    let left = Int(stream.pointee.avail_in)
    input.removeFirst(min(input.count, Int(UInt32.max)) - left)
    switch result {
    case Z_STREAM_END: isAtEnd = true
    // Z_BUF_ERROR: nothing could be done for want of input or room.
    case Z_OK, Z_BUF_ERROR: break
    case Z_MEM_ERROR: throw .badBody("no memory to decode gzip")
    default: throw .badBody(stream.pointee.msg.map { "broken gzip: " + String(cString: $0) } ?? "broken gzip")
    }
    return Int(room - stream.pointee.avail_out)
  }
}
