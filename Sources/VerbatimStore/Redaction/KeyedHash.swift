import COpenSSL

/// HMAC-SHA-256.
enum KeyedHash {
  static let keySize = 32

  static func digest(_ value: [UInt8], key: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let isDone = HMAC(EVP_sha256(), key, Int32(key.count), value, value.count, &digest, &count) != nil
    precondition(isDone && count == 32, "OpenSSL offers no HMAC-SHA-256")
    return Array(digest.prefix(Int(count)))
  }

  /// 32 random bytes as hexadecimal digits.
  static func makeKey() throws(StoreError) -> String {
    var bytes = [UInt8](repeating: 0, count: keySize)
    guard RAND_bytes(&bytes, Int32(bytes.count)) == 1 else {
      throw .unusable("OpenSSL has no random bytes for the key of redaction; set REDACTION_KEY")
    }
    return hexadecimal(bytes)
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 0xF)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
