import CSimdjson
import Glibc

/// Finds which of a closed set of names a key is: by its length, then by its bytes.
struct JSONKeyTable<Name: RawRepresentable<String> & Sendable>: Sendable {
  /// The names of one length, and their bytes one after another.
  private struct Bucket {
    var names: [Name] = []
    var text: [UInt8] = []
  }

  /// By length.
  private let buckets: [Bucket]

  init(_ names: [Name]) {
    var buckets: [Bucket] = []
    for name in names {
      let text = Array(name.rawValue.utf8)
      while buckets.count <= text.count { buckets.append(Bucket()) }
      buckets[text.count].names.append(name)
      buckets[text.count].text += text
    }
    self.buckets = buckets
  }

  /// The name that the bytes spell, escapes resolved.
  fileprivate func name(_ key: UnsafeRawBufferPointer) -> Name? {
    let length = key.count
    guard length > 0, length < buckets.count else { return nil }
    return buckets[length].text.withUnsafeBytes { text in
      guard let key = key.baseAddress, let text = text.baseAddress else { return nil }
      for (index, name) in buckets[length].names.enumerated()
      where memcmp(text + index * length, key, length) == 0 {
        return name
      }
      return nil
    }
  }
}

/// The values of an object's known keys, the last of repeated ones, found in one pass.
///
/// It keeps their places and no slices, since each slice would retain the buffer.
struct JSONKnownFields<Name: RawRepresentable<String> & Sendable & Equatable> {
  private let object: JSONSlice
  private var names: [Name] = []
  private var places: [json_span] = []
  /// Whether a known key is there more than once.
  private(set) var hasRepeats = false

  /// `others` sees the fields that the table does not know, in their order.
  init(_ object: JSONSlice, _ table: JSONKeyTable<Name>, others: (JSONField) -> Void) {
    self.object = object
    guard object.kind == .object else { return }
    names.reserveCapacity(12)
    places.reserveCapacity(12)
    object.bytes.withUnsafeBufferPointer { bytes in
      var field = json_field()
      var cursor = 0
      while json_next_field(bytes.baseAddress, bytes.count, &cursor, &field) {
        if let name = Self.name(field.key, in: bytes, table) {
          replace(name, with: field.value)
        } else {
          others(JSONField(field, of: object.bytes))
        }
      }
    }
  }

  subscript(name: Name) -> JSONSlice? {
    names.firstIndex(of: name).map { JSONSlice(places[$0], of: object.bytes) }
  }

  private static func name(
    _ key: json_span, in bytes: UnsafeBufferPointer<UInt8>, _ table: JSONKeyTable<Name>
  ) -> Name? {
    let inside = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[key.start..<key.end])
    guard key.escaped else { return table.name(inside) }
    return JSONText(inside: Bytes(inside), isEscaped: true).bytes.withUnsafeBytes { table.name($0) }
  }

  private mutating func replace(_ name: Name, with place: json_span) {
    guard let index = names.firstIndex(of: name) else {
      names.append(name)
      places.append(place)
      return
    }
    places[index] = place
    hasRepeats = true
  }
}
