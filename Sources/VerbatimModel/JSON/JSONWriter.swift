import CSimdjson

/// Appends JSON to bytes; commas come by themselves.
///
/// It does not keep track of what is open: whoever begins an object or array ends it.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8]
  private var needsComma = false

  package init(reservingCapacity capacity: Int = 256) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  package mutating func beginObject() { open(UInt8(ascii: "{")) }

  package mutating func endObject() { close(UInt8(ascii: "}")) }

  package mutating func beginArray() { open(UInt8(ascii: "[")) }

  package mutating func endArray() { close(UInt8(ascii: "]")) }

  /// A key that needs no escapes, which is every key that a program names.
  package mutating func key(_ name: StaticString) {
    let name = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    append(addingCapacity: name.count + 3) { output in
      output.append(UInt8(ascii: "\""))
      output.append(copying: name)
      output.append(UInt8(ascii: "\""))
      output.append(UInt8(ascii: ":"))
    }
    needsComma = false
  }

  package mutating func key(text: String) {
    string(text)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// A field as it stands in another document, its key with quotation marks.
  package mutating func field(key: Bytes, _ value: Bytes) {
    raw(key)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(contentsOf: value)
  }

  package mutating func string(_ text: String) {
    var text = text
    text.withUTF8 { appendQuoted($0) }
  }

  /// Ill-formed UTF-8 is mended with U+FFFD.
  package mutating func string(_ text: Bytes) { text.withUnsafeBufferPointer { string($0) } }

  mutating func string(_ text: UnsafeBufferPointer<UInt8>) {
    guard json_valid_utf8(text.baseAddress, text.count) else { return string(String(decoding: text, as: UTF8.self)) }
    appendQuoted(text)
  }

  package mutating func integer(_ value: some BinaryInteger) {
    var digits = value.description
    digits.withUTF8 { text in append(addingCapacity: text.count) { $0.append(copying: text) } }
  }

  /// The shortest digits that give the same double back; null for what JSON cannot say (infinite, not a number).
  package mutating func double(_ value: Double) {
    guard value.isFinite else { return null() }
    separate()
    bytes.append(contentsOf: value.description.utf8)
  }

  package mutating func boolean(_ value: Bool) { raw(value ? "true" : "false") }

  package mutating func null() { raw("null") }

  /// JSON as it is.
  package mutating func raw(_ json: Bytes) { json.withUnsafeBufferPointer { raw($0) } }

  package mutating func raw(_ json: StaticString) {
    raw(UnsafeBufferPointer(start: json.utf8Start, count: json.utf8CodeUnitCount))
  }

  mutating func raw(_ json: UnsafeBufferPointer<UInt8>) {
    append(addingCapacity: json.count) { $0.append(copying: json) }
  }

  package mutating func uuid(_ id: UUIDv7) { plainString(length: UUIDv7.textLength) { id.write(to: &$0) } }

  /// A string that `write` makes of characters that need no escapes.
  @inline(__always)
  mutating func plainString(length: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
    append(addingCapacity: length + 2) { output in
      output.append(UInt8(ascii: "\""))
      write(&output)
      output.append(UInt8(ascii: "\""))
    }
  }

  /// A line's end, for NDJSON; the next value needs no comma.
  package mutating func endLine() {
    bytes.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// A comma where one is due, and what `write` makes, in one piece: a page is a thousand of these.
  @inline(__always)
  private mutating func append(addingCapacity count: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
    let needsComma = needsComma
    bytes.append(addingCapacity: count + 1) { output in
      if needsComma { output.append(UInt8(ascii: ",")) }
      write(&output)
    }
    self.needsComma = true
  }
}

extension OutputSpan<UInt8> {
  /// There must be room for them.
  @inline(__always)
  mutating func append(copying bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    precondition(bytes.count <= freeCapacity)
    withUnsafeMutableBufferPointer { buffer, count in
      guard let start = buffer.baseAddress else { return }
      (start + count).update(from: source, count: bytes.count)
      count += bytes.count
    }
  }
}

extension JSONWriter {
  private mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
    let plain = json_plain_prefix(text.baseAddress, text.count)
    if plain == text.count {
      plainString(length: plain) { $0.append(copying: text) }
    } else {
      separate()
      appendEscaped(text)
    }
  }

  private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    var rest = text[...]
    while !rest.isEmpty {
      let run = UnsafeBufferPointer(rebasing: rest)
      let plain = json_plain_prefix(run.baseAddress, run.count)
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: run.prefix(plain)))
      rest = rest.dropFirst(plain)
      if let special = rest.popFirst() { appendEscape(special) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func appendEscape(_ byte: UInt8) {
    let short: StaticString? =
      switch byte {
      case UInt8(ascii: "\""): #"\""#
      case UInt8(ascii: "\\"): #"\\"#
      case 0x08: #"\b"#
      case 0x09: #"\t"#
      case 0x0a: #"\n"#
      case 0x0c: #"\f"#
      case 0x0d: #"\r"#
      default: nil
      }
    if let short {
      bytes.append(contentsOf: UnsafeBufferPointer(start: short.utf8Start, count: short.utf8CodeUnitCount))
      return
    }
    bytes.append(contentsOf: #"\u00"#.utf8)
    bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
    let digit = byte & 0xf
    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
  }
}

extension JSONWriter {
  /// Writes the string, or null.
  package mutating func string(orNull text: String?) {
    if let text { string(text) } else { null() }
  }

  package mutating func integer(orNull value: Int64?) {
    if let value { integer(value) } else { null() }
  }

  package mutating func raw(orNull json: Bytes?) {
    if let json { raw(json) } else { null() }
  }
}
