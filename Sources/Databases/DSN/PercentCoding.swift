/// Percent-encoding as URLs have it.
enum PercentCoding {
  /// Text with each `%` and two hexadecimal digits turned into the byte that they name. `part` is what the text is
  /// called in an error, which does not repeat it.
  static func decode(_ text: some StringProtocol, part: String) throws(DSNError) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst()?.hexadecimalValue, let low = rest.popFirst()?.hexadecimalValue else {
        throw DSNError("has a % in its \(part) that two hexadecimal digits do not follow", allowed: "%25 for %")
      }
      bytes.append(high << 4 | low)
    }
    guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
      throw DSNError("has bytes in its \(part) that are no text", allowed: "UTF-8 without NUL, percent-encoded")
    }
    return decoded
  }
}

extension UInt8 {
  /// What a hexadecimal digit stands for.
  fileprivate var hexadecimalValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
