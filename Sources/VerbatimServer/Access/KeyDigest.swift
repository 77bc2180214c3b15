import COpenSSL

/// SHA-256 of a key: what is stored of it, and what it is looked up by.
struct KeyDigest: Hashable, Sendable {
  private let words: SIMD4<UInt64>

  init(of key: String) {
    var key = key
    words = key.withUTF8 { bytes in
      var digest = SIMD4<UInt64>()
      withUnsafeMutableBytes(of: &digest) { digest in
        _ = COpenSSL.SHA256(bytes.baseAddress, bytes.count, digest.baseAddress?.assumingMemoryBound(to: UInt8.self))
      }
      return digest
    }
  }

  /// One that was stored; nil for what is none.
  init?(bytes: [UInt8]) {
    guard bytes.count == MemoryLayout<SIMD4<UInt64>>.size else { return nil }
    words = bytes.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
  }

  /// 32.
  var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

  /// Compares in a time that does not tell how much agrees.
  func isEqual(to other: [UInt8]) -> Bool {
    withUnsafeBytes(of: words) { own in
      other.withUnsafeBytes { $0.count == own.count && CRYPTO_memcmp(own.baseAddress, $0.baseAddress, own.count) == 0 }
    }
  }

  func isEqual(to other: KeyDigest) -> Bool { isEqual(to: other.bytes) }
}
