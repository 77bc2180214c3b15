import VerbatimModel

extension JSONWriter {
  /// A page in OpenAI's form.
  mutating func list<Item>(
    _ items: [Item], hasMore: Bool, id: (Item) -> String, _ write: (inout JSONWriter, Item) -> Void
  ) {
    beginObject()
    key("object")
    string("list")
    key("data")
    beginArray()
    for item in items { write(&self, item) }
    endArray()
    key("first_id")
    string(orNull: items.first.map(id))
    key("last_id")
    string(orNull: items.last.map(id))
    key("has_more")
    boolean(hasMore)
    endObject()
  }

  mutating func deleted(_ id: String, object: StaticString) {
    beginObject()
    key("id")
    string(id)
    key("object")
    string(object.description)
    key("deleted")
    boolean(true)
    endObject()
  }

  /// A message with its id. A list of parts goes to `content_parts`, since `content` is a text there.
  mutating func storedMessage(_ message: JSONSlice, id: String) {
    beginObject()
    key("id")
    string(id)
    let parts = message["content"].flatMap { $0.kind == .array ? $0 : nil }
    for field in message.fields where !(field.key == "id") {
      if parts != nil && field.key == "content" {
        key("content")
        null()
      } else {
        self.field(key: field.key.json, field.value.bytes)
      }
    }
    key("content_parts")
    raw(orNull: parts?.bytes)
    endObject()
  }
}

/// The `metadata` of a body: at most 16 texts.
enum OpenAIMetadata {
  private static let mostPairs = 16
  private static let longestKey = 64
  private static let longestValue = 512

  /// Of a body that replaces it; nil where it is null.
  static func parse(_ body: Bytes) throws -> Bytes? {
    let body = try JSONSlice(body: body)
    guard body.kind == .object, let metadata = body["metadata"] else {
      throw APIError.invalid("metadata must be given: a JSON object, or null, which removes it")
    }
    return try check(metadata)
  }

  static func check(_ metadata: JSONSlice?) throws(APIError) -> Bytes? {
    guard let metadata, !metadata.isNull else { return nil }
    guard metadata.kind == .object else { throw .invalid("metadata must be a JSON object") }
    var count = 0
    for field in metadata.fields {
      count += 1
      guard !field.key.text.isLonger(than: longestKey) else {
        throw .invalid("a key of metadata is longer than \(longestKey) characters")
      }
      guard let value = field.value.string else { throw .invalid("values of metadata must be strings") }
      guard !value.isLonger(than: longestValue) else {
        throw .invalid("a value of metadata is longer than \(longestValue) characters")
      }
    }
    guard count <= mostPairs else { throw .invalid("metadata has more than \(mostPairs) pairs") }
    return metadata.bytes
  }
}
