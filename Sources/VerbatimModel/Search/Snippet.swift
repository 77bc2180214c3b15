/// A piece of a text around what was found in it, as HTML: what was found between `<mark>` and `</mark>`, the rest
/// escaped.
package enum Snippet {
  /// Characters before the first place, and in all.
  private static let lead = 40
  private static let length = 200

  package static func html(of text: Bytes, marking ranges: [Range<Int>]) -> String {
    let base: Int = text.startIndex
    let first: Int = ranges.first.map(\.lowerBound) ?? 0
    let start: Int = boundary(lead, before: base + first, in: text)
    let end: Int = boundary(length, behind: start, in: text)
    var html: String = start > text.startIndex ? "…" : ""
    var position: Int = start
    for range in ranges {
      let (lower, upper) = (base + range.lowerBound, min(base + range.upperBound, end))
      guard lower >= position, lower < upper else { continue }
      append(text[position..<lower], to: &html)
      html += "<mark>"
      append(text[lower..<upper], to: &html)
      html += "</mark>"
      position = upper
    }
    append(text[position..<end], to: &html)
    return end < text.endIndex ? html + "…" : html
  }

  /// Where a character begins, that many of them before a place.
  private static func boundary(_ characters: Int, before place: Int, in text: Bytes) -> Int {
    var (position, left) = (place, characters)
    while position > text.startIndex, left > 0 {
      position -= 1
      if isStart(text[position]) { left -= 1 }
    }
    return position
  }

  private static func boundary(_ characters: Int, behind place: Int, in text: Bytes) -> Int {
    var (position, left) = (place, characters)
    while position < text.endIndex {
      if isStart(text[position]) {
        if left == 0 { break }
        left -= 1
      }
      position += 1
    }
    return position
  }

  private static func isStart(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }

  private static func append(_ text: Bytes, to html: inout String) {
    for scalar in text.string.unicodeScalars {
      switch scalar {
      case "&": html += "&amp;"
      case "<": html += "&lt;"
      case ">": html += "&gt;"
      case "\"": html += "&quot;"
      case "'": html += "&#39;"
      default: html.unicodeScalars.append(scalar)
      }
    }
  }
}
