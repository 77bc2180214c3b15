import Foundation

/// Base64 for URLs (RFC 4648, section 5): letters, digits, `-` and `_`, without padding.
package enum Base64URL {
  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    let encoded: [UInt8] = Data(bytes).base64EncodedData().compactMap { digit in
      switch digit {
      case UInt8(ascii: "+"): UInt8(ascii: "-")
      case UInt8(ascii: "/"): UInt8(ascii: "_")
      case UInt8(ascii: "="): nil
      default: digit
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// nil for what is none.
  package static func decode(_ text: String) -> Bytes? {
    let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    let base64: String = text.replacing("-", with: "+").replacing("_", with: "/") + padding
    return Data(base64Encoded: base64).map { Bytes($0) }
  }
}
