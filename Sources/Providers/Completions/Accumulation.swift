import VerbatimModel

/// A JSON value that grows by the deltas of a stream.
///
/// Strings grow by what stands between their quotation marks, escapes and all, so that nothing is decoded, and a surrogate
/// pair that was cut between two deltas is whole again.
///
/// A structure and no enumeration with payloads, so that a text grows in place.
struct Accumulation: Sendable {
  private enum Kind { case text, object, list, other }

  private var kind: Kind
  /// What stands between a string's quotation marks; the whole of a value of another kind.
  private(set) var text: [UInt8] = []
  private var fields = AccumulatedFields()
  private var elements: [AccumulatedElement] = []

  static let null = Accumulation(JSONSlice(trusting: Bytes(utf8: "null")))

  init(_ json: JSONSlice) {
    kind = .other
    set(json)
  }

  /// Whether it is a string.
  var isText: Bool { kind == .text }

  /// `field`: the key that the value stands under, with its quotation marks.
  mutating func add(_ json: JSONSlice, field: Bytes) {
    switch (kind, json.kind) {
    case (_, .null): return
    case (.text, .string): Self.add(json.bytes.dropFirst().dropLast(), to: &text, field: field)
    case (.object, .object): fields.add(json)
    case (.list, .array): for element in json.elements { Self.add(element, to: &elements) }
    default: set(json)
    }
  }

  private mutating func set(_ json: JSONSlice) {
    switch json.kind {
    case .string:
      kind = .text
      text = Array(json.bytes.dropFirst().dropLast())
    case .object:
      kind = .object
      fields = AccumulatedFields()
      fields.add(json)
    case .array:
      kind = .list
      elements = []
      for element in json.elements { Self.add(element, to: &elements) }
    default:
      kind = .other
      text = Array(json.bytes)
    }
  }

  fileprivate func write(to writer: inout JSONWriter, leavingOut name: StaticString? = nil) {
    switch kind {
    case .text: writer.raw(([UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")])[...])
    case .other: writer.raw(text[...])
    case .object:
      writer.beginObject()
      for (key, value) in fields.fields where name.map({ !key.elementsEqual($0.description.utf8) }) ?? true {
        writer.accumulatedField(key: key, value)
      }
      writer.endObject()
    case .list:
      writer.beginArray()
      for element in elements.sorted(by: { ($0.index ?? .max) < ($1.index ?? .max) }) {
        element.value.write(to: &writer, leavingOut: #""index""#)
      }
      writer.endArray()
    }
  }

  /// Fields that name something come once, or the same again with each delta; all others come in pieces.
  private static let names: [[UInt8]] = ["role", "id", "type", "format", "name", "index", "signature"].map {
    Array("\"\($0)\"".utf8)
  }

  private static func add(_ piece: Bytes, to text: inout [UInt8], field: Bytes) {
    guard names.contains(where: { $0.elementsEqual(field) }) else { return text.append(contentsOf: piece) }
    if field.elementsEqual(#""name""#.utf8) && !text.elementsEqual(piece) {
      text.append(contentsOf: piece)
    } else if !piece.isEmpty {
      text = Array(piece)
    }
  }

  /// An element with an `index` belongs to the one of that index; some providers give all calls of tools the same index
  /// and tell them apart by their ids alone. One without an index that names nothing goes on with the last.
  private static func add(_ element: JSONSlice, to elements: inout [AccumulatedElement]) {
    guard element.kind == .object else { return elements.append(AccumulatedElement(element)) }
    let id = element["id"]?.string.flatMap { $0.isEmpty ? nil : $0.bytes }
    let index = element["index"]?.integer
    let place: Int? =
      if let index {
        elements.lastIndex { $0.index == index }
      } else if id == nil, element["function"] != nil {
        elements.indices.last
      } else {
        nil
      }
    guard let place, id == nil || elements[place].id == nil || id.map(Array.init) == elements[place].id else {
      return elements.append(AccumulatedElement(element))
    }
    elements[place].add(element)
  }
}

/// One of the values of a list.
struct AccumulatedElement: Sendable {
  fileprivate(set) var index: Int64?
  fileprivate var id: [UInt8]?
  private(set) var value: Accumulation

  init(_ json: JSONSlice) {
    value = Accumulation(json)
    note(json)
  }

  mutating func add(_ json: JSONSlice) {
    value.add(json, field: [])
    note(json)
  }

  private mutating func note(_ json: JSONSlice) {
    guard json.kind == .object else { return }
    index = json["index"]?.integer ?? index
    if let id = json["id"]?.string, !id.isEmpty { self.id = Array(id.bytes) }
  }
}

/// An object's fields in the order in which they came first.
struct AccumulatedFields: Sendable {
  private(set) var fields: [(key: [UInt8], value: Accumulation)] = []

  mutating func add(_ object: JSONSlice) {
    for field in object.fields {
      if let place = fields.firstIndex(where: { $0.key.elementsEqual(field.key.json) }) {
        fields[place].value.add(field.value, field: field.key.json)
      } else {
        fields.append((Array(field.key.json), Accumulation(field.value)))
      }
    }
  }

  var isEmpty: Bool { fields.isEmpty }

  subscript(name: String) -> Accumulation? {
    let key = Array("\"\(name)\"".utf8)
    return fields.first { $0.key == key }?.value
  }
}

extension JSONWriter {
  /// `index` is left out of the elements of lists: an answer that is no stream has their order alone.
  mutating func accumulation(_ value: Accumulation) { value.write(to: &self) }

  mutating func accumulatedField(key: [UInt8], _ value: Accumulation) {
    var inner = JSONWriter()
    inner.accumulation(value)
    field(key: key[...], inner.bytes[...])
  }
}
