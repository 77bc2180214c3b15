/// How a request wrote its messages, as far as their own JSON does not say it: kept in the request as a small JSON object,
/// nothing for a request that wrote each as it is known.
///
/// `{"leading": 1, "gaps": ["", ", ", ""], "as": [[3, {"content": 0, "role": "user"}, 1], …]}`. `leading`: so many of the
/// messages are no elements of the array. `gaps`: before, between and behind the elements, or each of them. `as`: the
/// element 3 was written so, with parts of what is known put in the place of zeros.
package enum MessageLayout {
  /// What stands in the place of a zero.
  private enum Fill {
    static let content = 1
    static let toolCalls = 2
    /// The content with every character beyond ASCII escaped, as Python's `json` writes it.
    static let escapedContent = 4
  }

  /// `known`: the JSON by which each message will be known. nil where that and commas are what was written.
  package static func layout(of elements: [Bytes], gaps: [Bytes], known: [Bytes], leading: Int) -> Bytes? {
    let spelled = zip(elements, known).enumerated().filter { !$0.element.0.elementsEqual($0.element.1) }
    let gaps = short(gaps)
    guard leading > 0 || gaps != nil || !spelled.isEmpty else { return nil }
    var writer = JSONWriter()
    writer.beginObject()
    if leading > 0 {
      writer.key("leading")
      writer.integer(leading)
    }
    if let gaps {
      writer.key("gaps")
      writer.beginArray()
      for gap in gaps { writer.string(gap) }
      writer.endArray()
    }
    if !spelled.isEmpty {
      writer.key("as")
      writer.beginArray()
      for (index, (element, known)) in spelled { write(element, at: index, known: known, to: &writer) }
      writer.endArray()
    }
    writer.endObject()
    return writer.bytes[...]
  }

  /// nil where they are commas alone.
  private static func short(_ gaps: [Bytes]) -> [Bytes]? {
    guard let first = gaps.first, let last = gaps.last, gaps.count > 1 else {
      return gaps.first?.isEmpty == false ? gaps : nil
    }
    let comma: Bytes = [UInt8(ascii: ",")]
    let between = gaps.dropFirst().dropLast()
    guard let common = between.first else { return first.isEmpty && last.isEmpty ? nil : [first, comma, last] }
    guard between.allSatisfy({ $0.elementsEqual(common) }) else { return gaps }
    return first.isEmpty && last.isEmpty && common.elementsEqual(comma) ? nil : [first, common, last]
  }

  private static func write(_ element: Bytes, at index: Int, known: Bytes, to writer: inout JSONWriter) {
    let (template, fill) = template(of: element, known: JSONSlice(trusting: known))
    writer.beginArray()
    writer.integer(index)
    writer.raw(template)
    if fill != 0 { writer.integer(fill) }
    writer.endArray()
  }

  /// The element with zeros where what is known can be put.
  private static func template(of element: Bytes, known: JSONSlice) -> (Bytes, fill: Int) {
    var fill = 0
    var places: [Range<Int>] = []
    let written = JSONSlice(trusting: element)
    if let content = written["content"]?.bytes, let other = known["content"]?.bytes, content.count > 1 {
      let isSame = content.elementsEqual(other)
      if isSame || content.elementsEqual(other.escapedBeyondASCII) {
        fill |= isSame ? Fill.content : Fill.escapedContent
        places.append(content.startIndex..<content.endIndex)
      }
    }
    if let calls = written["tool_calls"]?.bytes, let other = known["tool_calls"]?.bytes, calls.elementsEqual(other) {
      fill |= Fill.toolCalls
      places.append(calls.startIndex..<calls.endIndex)
    }
    return (element.replacing(places.map { ($0, [UInt8(ascii: "0")]) }), fill)
  }
}

/// A layout that was kept.
package struct KeptLayout: Sendable {
  /// So many messages are no elements.
  package let leading: Int
  private let gaps: [Bytes]
  private let spelled: [Int: (template: JSONSlice, fill: Int)]

  package init(_ layout: Bytes?) {
    let layout = layout.map { JSONSlice(trusting: $0) }
    leading = max(0, Int(clamping: layout?["leading"]?.integer ?? 0))
    gaps = layout?["gaps"]?.elements.map { $0.string?.bytes ?? [] } ?? []
    var spelled: [Int: (template: JSONSlice, fill: Int)] = [:]
    if let entries = layout?["as"]?.elements {
      for entry in entries {
        let parts = Array(entry.elements)
        guard parts.count >= 2, let index = parts[0].integer else { continue }
        spelled[Int(clamping: index)] = (parts[1], parts.count > 2 ? Int(clamping: parts[2].integer ?? 0) : 0)
      }
    }
    self.spelled = spelled
  }

  /// The elements as they were written.
  package func elements(known: [Bytes]) -> [Bytes] {
    known.enumerated().map { index, known in
      guard let (template, fill) = spelled[index] else { return known }
      return MessageLayout.filled(template, fill, with: JSONSlice(trusting: known))
    }
  }

  /// What stood between the array's brackets.
  package func inside(elements: [Bytes]) -> Bytes {
    guard !elements.isEmpty else { return gaps.first ?? [] }
    let isEach = gaps.count == elements.count + 1 && gaps.count != 3
    var text: [UInt8] = Array(gaps.first ?? [])
    for (index, element) in elements.enumerated() {
      if index > 0 { text += isEach ? gaps[index] : gaps.count == 3 ? gaps[1] : [UInt8(ascii: ",")] }
      text += element
    }
    return (text + (gaps.count > 1 ? gaps.last ?? [] : []))[...]
  }
}

extension MessageLayout {
  /// Whether zeros stand where a template is to be filled in.
  static func isFill(_ fill: JSONSlice, of template: JSONSlice) -> Bool {
    guard let fill = fill.integer, (1...7).contains(fill) else { return false }
    let names =
      (fill & Int64(Fill.content | Fill.escapedContent) != 0 ? ["content"] : [])
      + (fill & Int64(Fill.toolCalls) != 0 ? ["tool_calls"] : [])
    return names.allSatisfy { template[$0]?.integer == 0 }
  }

  /// In the place of what is not known.
  private static var null: Bytes { Bytes(utf8: "null") }

  fileprivate static func filled(_ template: JSONSlice, _ fill: Int, with known: JSONSlice) -> Bytes {
    var places: [(Range<Int>, Bytes)] = []
    if fill & (Fill.content | Fill.escapedContent) != 0, let place = template["content"]?.bytes {
      let content = known["content"]?.bytes ?? null
      let text = fill & Fill.escapedContent != 0 ? content.escapedBeyondASCII : content
      places.append((place.startIndex..<place.endIndex, text))
    }
    if fill & Fill.toolCalls != 0, let place = template["tool_calls"]?.bytes {
      places.append((place.startIndex..<place.endIndex, known["tool_calls"]?.bytes ?? null))
    }
    return template.bytes.replacing(places)
  }
}

extension Bytes {
  /// JSON text with every character beyond ASCII, and DEL not, as `\uxxxx`.
  fileprivate var escapedBeyondASCII: Bytes {
    guard contains(where: { $0 >= 0x80 }) else { return self }
    let digits = Array("0123456789abcdef".utf8)
    var escaped: [UInt8] = []
    escaped.reserveCapacity(count * 2)
    for unit in string.utf16 {
      guard unit >= 0x80 else {
        escaped.append(UInt8(unit))
        continue
      }
      escaped += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
      for shift in [12, 8, 4, 0] { escaped.append(digits[Int(unit >> UInt16(shift)) & 0xf]) }
    }
    return escaped[...]
  }
}
