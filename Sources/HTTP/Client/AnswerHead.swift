/// The head of an answer, put together line by line.
struct AnswerHead: Sendable {
  private static let maximumSize = 64 << 10

  private(set) var status = 0
  private(set) var fields: HTTPFields = [:]
  /// Whether it has ended, and was none of an interim answer.
  private(set) var isWhole = false
  private var size = 0

  /// False where it is larger than any server's should be. What comes behind its end are trailers, which nobody asked
  /// for.
  mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
    guard !isWhole else { return true }
    size += line.count
    guard size <= Self.maximumSize else { return false }
    let text = String(decoding: line, as: UTF8.self).trimmingLineEnd()
    if line.starts(with: "HTTP/".utf8) {
      status = Self.status(of: text)
      fields = [:]
    } else if text.isEmpty {
      isWhole = status >= 200
    } else if let colon = text.firstIndex(of: ":") {
      let name = String(text[..<colon])
      let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      // What could not be sent on is no field.
      guard HTTPToken.isToken(name), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        return true
      }
      fields.append(name, String(value))
    }
    return true
  }

  /// Nought for none.
  private static func status(of line: Substring) -> Int {
    let parts = line.split(separator: " ", maxSplits: 2)
    guard parts.count > 1, let status = Int(parts[1]), (100...999).contains(status) else { return 0 }
    return status
  }
}

extension String {
  fileprivate func trimmingLineEnd() -> Substring {
    var text = self[...]
    while let last = text.unicodeScalars.last, [" ", "\t", "\r", "\n"].contains(last) {
      text.unicodeScalars.removeLast()
    }
    return text
  }
}
