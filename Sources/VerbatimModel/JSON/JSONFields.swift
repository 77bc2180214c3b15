import CSimdjson

/// A key of an object with its value.
package struct JSONField: Sendable {
  package let key: JSONKey
  package let value: JSONSlice
}

/// A key, compared without making a `String` of it.
package struct JSONKey: Sendable {
  /// With its quotation marks, as it stands in the document.
  package let json: Bytes
  let isEscaped: Bool

  package var text: JSONText { JSONText(inside: json.dropFirst().dropLast(), isEscaped: isEscaped) }

  package static func == (key: JSONKey, name: String) -> Bool { key.text.bytes.elementsEqual(name.utf8) }
}

/// The fields of an object in their order, repeated keys included; none of any other value.
///
/// Where a key is repeated, the last one counts.
package struct JSONFields: Sequence, IteratorProtocol, Sendable {
  private let object: Bytes
  private var cursor = 0

  init(_ slice: JSONSlice) {
    object = slice.kind == .object ? slice.bytes : []
  }

  package mutating func next() -> JSONField? {
    var field = json_field()
    var cursor = self.cursor
    let found = object.withUnsafeBufferPointer { json_next_field($0.baseAddress, $0.count, &cursor, &field) }
    self.cursor = cursor
    return found ? JSONField(field, of: object) : nil
  }
}

extension JSONField {
  init(_ place: json_field, of object: Bytes) {
    let base = object.startIndex
    let key = object[base + place.key.start - 1..<base + place.key.end + 1]
    self.init(key: JSONKey(json: key, isEscaped: place.key.escaped), value: JSONSlice(place.value, of: object))
  }
}

/// The elements of an array; none of any other value.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
  private let array: Bytes
  private var cursor = 0

  init(_ slice: JSONSlice) {
    array = slice.kind == .array ? slice.bytes : []
  }

  package mutating func next() -> JSONSlice? {
    var span = json_span()
    var cursor = self.cursor
    let found = array.withUnsafeBufferPointer { json_next_element($0.baseAddress, $0.count, &cursor, &span) }
    self.cursor = cursor
    return found ? JSONSlice(span, of: array) : nil
  }
}

extension JSONSlice {
  package var fields: JSONFields { JSONFields(self) }

  package var elements: JSONElements { JSONElements(self) }

  /// The value of a key, the last where it is repeated; nil where there is none.
  package subscript(key: String) -> JSONSlice? {
    var found: JSONSlice?
    for field in fields where field.key == key { found = field.value }
    return found
  }

  init(_ span: json_span, of container: Bytes) {
    let base = container.startIndex
    self.init(bytes: container[base + span.start..<base + span.end], isEscaped: span.escaped)
  }
}
