/// Header fields in the order in which they were sent; names compare without case.
///
/// A request's fields stay the bytes that arrived, and become strings only when they are asked for: most handlers look
/// at two of them.
package struct HTTPFields: Sendable, ExpressibleByDictionaryLiteral {
  /// Where a field lies in `bytes`.
  struct Span: Sendable {
    var name: Range<Int>
    var value: Range<Int>
  }

  private(set) var bytes: [UInt8]
  private(set) var spans: [Span]
  /// Whether every name is a token and no value holds CR, LF or NUL: otherwise the fields must not be sent, since
  /// they would end early and begin another answer.
  package private(set) var isWellFormed = true

  package init() {
    bytes = []
    spans = []
  }

  package init(dictionaryLiteral elements: (String, String)...) {
    self.init()
    for (name, value) in elements { append(name, value) }
  }

  /// Fields that the parser has checked.
  init(checked bytes: [UInt8], spans: [Span]) {
    self.bytes = bytes
    self.spans = spans
  }

  package var isEmpty: Bool { spans.isEmpty }

  /// Every field as strings; bytes that are not UTF-8 become U+FFFD.
  package var entries: [(name: String, value: String)] {
    spans.map { (name: string($0.name), value: string($0.value)) }
  }

  /// The first value of a name; setting replaces every value of it.
  package subscript(name: String) -> String? {
    get { spans.first { hasName(name, $0) }.map { string($0.value) } }
    set {
      if spans.contains(where: { hasName(name, $0) }) {
        // The bytes of what goes stay behind unused: answers have few fields and live shortly.
        spans = spans.filter { !hasName(name, $0) }
      }
      if let newValue { append(name, newValue) }
    }
  }

  /// Every value of a name, in order.
  package func values(of name: String) -> [String] {
    spans.filter { hasName(name, $0) }.map { string($0.value) }
  }

  package mutating func append(_ name: String, _ value: String) {
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    let middle = bytes.count
    bytes.append(contentsOf: value.utf8)
    let span = Span(name: start..<middle, value: middle..<bytes.count)
    spans.append(span)
    isWellFormed = isWellFormed && isSendable(span)
  }

  func hasName(_ name: String, _ span: Span) -> Bool {
    guard name.utf8.count == span.name.count else { return false }
    var index = span.name.lowerBound
    for byte in name.utf8 {
      if bytes[index] != byte, lowercased(bytes[index]) != lowercased(byte) { return false }
      index += 1
    }
    return true
  }

  private func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private func isSendable(_ span: Span) -> Bool {
    !span.name.isEmpty && bytes[span.name].allSatisfy(isToken)
      && bytes[span.value].allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
  }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

/// RFC 9110, 5.6.2.
private func isToken(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
    UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
    UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
    true
  default: false
  }
}
