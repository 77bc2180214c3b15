import VerbatimTesting

@testable import HTTP

extension RequestCoding {
  func encode(_ bytes: [UInt8]) throws -> [UInt8] {
    switch self {
    case .gzip: try Compression.gzip(bytes)
    case .zstd: try Compression.zstd(bytes)
    }
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
