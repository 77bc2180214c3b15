import COpenSSL
import VerbatimModel

enum SHA256 {
  /// The digest in 64 lower-case hexadecimal digits; nil when OpenSSL refuses the algorithm.
  static func hex(_ bytes: Bytes) -> String? {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let isDone = bytes.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &digest, &count, EVP_sha256(), nil) }
    guard isDone == 1 else { return nil }
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
