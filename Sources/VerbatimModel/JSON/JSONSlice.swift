import CSimdjson

/// Why bytes are not one JSON document.
package struct JSONError: Error, Equatable, Sendable {
  /// In bytes from the document's start.
  package var offset: Int
  package var reason: String
}

/// A value of a checked JSON document, as its own bytes: nothing is decoded before it is asked for.
///
/// Walking a level passes once over the bytes of that level's values and allocates nothing.
package struct JSONSlice: Sendable {
  package enum Kind: Sendable { case object, array, string, number, boolean, null }

  /// RFC 8259 leaves the depth to the reader.
  package static let maximumDepth = 512

  /// The value's text without white space around it.
  package let bytes: Bytes
  /// Whether a string has a backslash.
  let isEscaped: Bool

  /// Checks a whole document: strict RFC 8259, with lone surrogates in escapes and numbers of any length.
  package init(checking document: Bytes, maximumDepth: Int = JSONSlice.maximumDepth) throws(JSONError) {
    var fault = json_fault()
    let isJSON = document.withUnsafeBufferPointer {
      json_check($0.baseAddress, $0.count, max(maximumDepth, 0), &fault)
    }
    guard isJSON else { throw JSONError(offset: fault.offset, reason: String(cString: fault.reason)) }
    self.init(trusting: document)
  }

  /// A value that was checked before, such as one that was stored; other bytes give nonsense, but no harm.
  package init(trusting value: Bytes) {
    let text = value.trimmingJSONSpace()
    let isString = text.first == UInt8(ascii: "\"")
    self.init(bytes: text, isEscaped: isString && text.contains(UInt8(ascii: "\\")))
  }

  init(bytes: Bytes, isEscaped: Bool) {
    self.bytes = bytes
    self.isEscaped = isEscaped
  }

  package var kind: Kind {
    switch bytes.first {
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
    case UInt8(ascii: "n"), nil: .null
    default: .number
    }
  }

  package var isNull: Bool { kind == .null }

  /// nil unless it is `true` or `false`.
  package var boolean: Bool? {
    switch bytes.first {
    case UInt8(ascii: "t"): true
    case UInt8(ascii: "f"): false
    default: nil
    }
  }

  /// nil unless it is a string; without escapes the text is a slice of the document.
  package var string: JSONText? {
    guard kind == .string, bytes.count >= 2 else { return nil }
    return JSONText(inside: bytes.dropFirst().dropLast(), isEscaped: isEscaped)
  }
}

extension Bytes {
  func trimmingJSONSpace() -> Bytes {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }
    guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
      return self[endIndex...]
    }
    return self[first...last]
  }
}
