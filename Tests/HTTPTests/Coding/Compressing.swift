import CZlib
import CZstd
import Testing

@testable import HTTP

extension RequestCoding {
  /// Encodes with the library that wrote the format: one gzip member, or one zstd frame.
  func encode(_ bytes: [UInt8]) throws -> [UInt8] {
    switch self {
    case .gzip: try gzipped(bytes)
    case .zstd: try zstandard(bytes)
    }
  }
}

private func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
  var stream = z_stream()
  try #require(zlib_gzip_init(&stream, 6) == Z_OK)
  defer { deflateEnd(&stream) }
  return try bytes.withUnsafeBufferPointer { input in
    stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
    stream.avail_in = UInt32(input.count)
    let room = Int(deflateBound(&stream, UInt(input.count)))
    return try [UInt8](unsafeUninitializedCapacity: room) { output, count in
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(room)
      try #require(deflate(&stream, Z_FINISH) == Z_STREAM_END)
      count = room - Int(stream.avail_out)
    }
  }
}

/// `windowLog`: of the window that the frame asks for, instead of the level's own.
func zstandard(_ bytes: [UInt8], windowLog: Int32 = 0) throws -> [UInt8] {
  let context = try #require(ZSTD_createCCtx())
  defer { ZSTD_freeCCtx(context) }
  try #require(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)) == 0)
  try #require(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)) == 0)
  let room = ZSTD_compressBound(bytes.count)
  return try [UInt8](unsafeUninitializedCapacity: room) { output, count in
    count = ZSTD_compress2(context, output.baseAddress, room, bytes, bytes.count)
    try #require(ZSTD_isError(count) == 0)
  }
}

extension RequestBody {
  /// A body that arrives in these parts.
  static func arriving(_ parts: [ArraySlice<UInt8>]) -> RequestBody {
    let source = Parts(parts)
    return RequestBody { await source.next() }
  }
}

private actor Parts {
  private var parts: ArraySlice<ArraySlice<UInt8>>

  init(_ parts: [ArraySlice<UInt8>]) { self.parts = parts[...] }

  func next() -> ArraySlice<UInt8>? { parts.popFirst() }
}

/// A generator whose numbers are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Cuts bytes into parts, some of them empty.
  mutating func split(_ bytes: [UInt8], largest: Int) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 0...largest, using: &self))
      parts.append(rest.prefix(count))
      rest.removeFirst(count)
    }
    return parts
  }

  /// Words, repeats and noise, so that every kind of block comes out of an encoder.
  mutating func text(count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      switch Int.random(in: 0..<3, using: &self) {
      case 0: bytes += Array("{\"role\":\"user\",\"content\":\"天气 😀\"}\n".utf8)
      case 1: bytes += [UInt8](repeating: .random(in: 0...255, using: &self), count: .random(in: 1...900, using: &self))
      default: for _ in 0..<Int.random(in: 1...300, using: &self) { bytes.append(.random(in: 0...255, using: &self)) }
      }
    }
    return Array(bytes.prefix(count))
  }
}
