import COpenSSL

/// SHA-256 of what comes in parts.
final class RunningChecksum {
  private let context: OpaquePointer

  init() throws {
    guard let context = EVP_MD_CTX_new() else { throw ChecksumFailure() }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw ChecksumFailure() }
  }

  deinit { EVP_MD_CTX_free(context) }

  func add(_ part: [UInt8]) throws {
    guard EVP_DigestUpdate(context, part, part.count) == 1 else { throw ChecksumFailure() }
  }

  /// In hexadecimal digits; nothing may be added afterwards.
  func finish() throws -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw ChecksumFailure() }
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

private struct ChecksumFailure: Error, CustomStringConvertible {
  let description = "OpenSSL cannot compute SHA-256"
}
