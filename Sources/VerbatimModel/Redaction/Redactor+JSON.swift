import CSimdjson

extension Redactor {
  /// Whether a text is a JSON object or array.
  func isContainer(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = text.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
      return false
    }
    var fault = json_fault()
    return json_check(text.baseAddress, text.count, JSONSlice.maximumDepth, &fault)
  }

  /// What to change in a JSON document, in its own bytes.
  func edits(ofJSON document: UnsafeBufferPointer<UInt8>, depth: Int) -> [Edit] {
    var edits: [Edit] = []
    var index = 0
    while index < document.count {
      switch document[index] {
      case UInt8(ascii: "\""):
        var isEscaped = false
        let end = json_string_end(document.baseAddress, document.count, index + 1, &isEscaped)
        let inside = UnsafeBufferPointer(rebasing: document[index + 1..<end])
        let found =
          Self.isKey(document, behind: end + 1)
          ? self.edits(inside: inside, isEscaped) { self.edits(ofPlain: $0, withOwnRules: false) }
          : self.edits(inside: inside, isEscaped) { self.edits(ofText: $0, depth: depth) }
        edits += found.map { $0.moved(by: index + 1) }
        index = end + 1
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
        let end = Self.endOfNumber(document, from: index)
        if let edit = edit(ofNumber: document, index..<end) { edits.append(edit) }
        index = end
      default: index += 1
      }
    }
    return edits
  }

  private static func isKey(_ document: UnsafeBufferPointer<UInt8>, behind end: Int) -> Bool {
    var index = end
    while index < document.count {
      switch document[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      case let byte: return byte == UInt8(ascii: ":")
      }
    }
    return false
  }

  private func edits(
    inside: UnsafeBufferPointer<UInt8>, _ isEscaped: Bool, _ find: (UnsafeBufferPointer<UInt8>) -> [Edit]
  ) -> [Edit] {
    guard isEscaped else { return find(inside).map { $0.escaped() } }
    let text = JSONText(inside: Bytes(inside), isEscaped: true).bytes
    let found = text.withUnsafeBufferPointer(find)
    return found.isEmpty ? [] : EscapedPlaces(inside).map(found)
  }

  private static func endOfNumber(_ document: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var index = start
    while index < document.count {
      switch document[index] {
      case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D: return index
      default: index += 1
      }
    }
    return index
  }

  /// A number that is a sensitive value becomes a string. Shorter ones than telephone numbers concern own rules alone.
  private func edit(ofNumber document: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Edit? {
    guard range.count >= 11 || !rules.isEmpty else { return nil }
    let number = UnsafeBufferPointer(rebasing: document[range])
    let edits = edits(ofPlain: number, withOwnRules: true).map { $0.escaped() }
    guard !edits.isEmpty else { return nil }
    let quotationMark = UInt8(ascii: "\"")
    return Edit(range: range, replacement: [quotationMark] + Self.apply(edits, to: number) + [quotationMark])
  }
}

extension Redactor.Edit {
  func moved(by offset: Int) -> Redactor.Edit {
    Redactor.Edit(range: range.lowerBound + offset..<range.upperBound + offset, replacement: replacement)
  }

  /// For a place inside a JSON string.
  func escaped() -> Redactor.Edit {
    var writer = JSONWriter(reservingCapacity: replacement.count + 2)
    writer.string(replacement[...])
    return Redactor.Edit(range: range, replacement: Array(writer.bytes.dropFirst().dropLast()))
  }
}

/// Where the bytes of what a JSON string says stand among its escapes.
struct EscapedPlaces {
  private let inside: UnsafeBufferPointer<UInt8>
  /// In the string as written, and in what it says.
  private var place = 0
  private var said = 0

  init(_ inside: UnsafeBufferPointer<UInt8>) { self.inside = inside }

  /// Edits of what the string says, in order, as edits of how it is written.
  func map(_ edits: [Redactor.Edit]) -> [Redactor.Edit] {
    var walk = self
    return edits.map { edit in
      let start = walk.advance(to: edit.range.lowerBound)
      let end = walk.advance(to: edit.range.upperBound)
      return Redactor.Edit(range: start..<end, replacement: edit.replacement).escaped()
    }
  }

  private mutating func advance(to target: Int) -> Int {
    while said < target, place < inside.count {
      let step = Self.step(inside, at: place)
      place += step.written
      said += step.said
    }
    return min(place, inside.count)
  }

  /// As `json_unescape` takes them: NUL and lone surrogates are U+FFFD, of three bytes.
  private static func step(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> (written: Int, said: Int) {
    guard text[index] == UInt8(ascii: "\\") else { return (1, 1) }
    guard let unit = unit(text, at: index) else { return (2, 1) }
    switch unit {
    case 0: return (6, 3)
    case ..<0x80: return (6, 1)
    case ..<0x800: return (6, 2)
    case 0xD800..<0xDC00:
      guard let next = self.unit(text, at: index + 6), (0xDC00..<0xE000).contains(next) else { return (6, 3) }
      return (12, 4)
    default: return (6, 3)
    }
  }

  /// Of a `\u` escape.
  private static func unit(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32? {
    guard index + 5 < text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u") else {
      return nil
    }
    return text[index + 2..<index + 6].reduce(0) { unit, digit in
      unit * 16 + UInt32(digit.isDigit ? digit & 0xF : (digit & 0xF) + 9)
    }
  }
}
