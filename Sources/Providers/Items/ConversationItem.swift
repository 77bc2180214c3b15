import VerbatimModel

/// An item as OpenAI's responses and conversations have it, with all that their clients insist on.
package struct ConversationItem: Sendable {
  package let type: String
  /// A JSON object without `id`.
  private let body: JSONSlice

  init(type: String, _ fields: (inout JSONWriter) -> Void) {
    self.type = type
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string(type)
    fields(&json)
    json.endObject()
    body = JSONSlice(trusting: json.bytes[...])
  }

  /// From one that was written in this form. What it lacks is added: `status`, and what `ItemContent` says.
  init(_ item: JSONSlice) {
    let type = item["type"]?.string?.string ?? "message"
    let role = item["role"]?.string?.string ?? "assistant"
    self.init(type: type) { json in
      for field in item.fields where !(field.key == "id") && !(field.key == "type") {
        if type == "message" && (field.key == "content" || field.key == "role") { continue }
        if field.key == "status" && field.value.isNull { continue }
        json.field(key: field.key.json, field.value.bytes)
      }
      if type == "message" { json.message(role: role, content: ItemContent(item["content"], of: role).parts) }
      if item["status"]?.string == nil { json.completed() }
    }
  }

  init(message role: String, parts: [Bytes]) {
    self.init(type: "message") { json in
      json.message(role: role, content: parts)
      json.completed()
    }
  }

  /// `id` stands first.
  package func write(id: String, to json: inout JSONWriter) {
    json.beginObject()
    json.key("id")
    json.string(id)
    for field in body.fields { json.field(key: field.key.json, field.value.bytes) }
    json.endObject()
  }
}

extension JSONWriter {
  private static let roles: Set<String> = [
    "user", "assistant", "system", "critic", "discriminator", "developer", "tool",
  ]

  fileprivate mutating func message(role: String, content: [Bytes]) {
    key("role")
    string(Self.roles.contains(role) ? role : "unknown")
    key("content")
    beginArray()
    for part in content { raw(part) }
    endArray()
  }

  mutating func completed() {
    key("status")
    string("completed")
  }
}
