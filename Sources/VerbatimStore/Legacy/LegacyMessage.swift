import VerbatimModel

/// A row as a message in OpenAI form, with the columns that it says all of.
struct LegacyMessage {
  let message: Message
  /// Columns that need not be kept beside it.
  let columns: Set<String>

  /// Of a row that has a role: New API kept content that is no text as its JSON, and the message's other fields in
  /// `other`.
  init(_ row: LegacyRow) {
    let fields = Self.otherFields(row)
    var writer = JSONWriter(reservingCapacity: (row["content"]?.count ?? 0) + 128)
    writer.beginObject()
    writer.key("role")
    writer.string(row["role"] ?? [])
    writer.key("content")
    let content = Self.writeContent(row, to: &writer)
    var columns: Set<String> = row["role"].map { $0 == Bytes(utf8: $0.string) } == true ? ["role"] : []
    if content == row["content"] { columns.insert("content") }
    columns.formUnion(Self.writeColumns(row, to: &writer))
    for field in fields?.fields ?? Self.none.fields {
      writer.key(text: field.key.text.string)
      writer.raw(field.value.bytes)
    }
    writer.endObject()
    if fields != nil { columns.insert("other") }
    message = Self.message(writer.bytes[...])
    self.columns = columns
  }

  /// A message that is one text.
  static func text(_ role: String, _ text: Bytes) -> Message {
    var writer = JSONWriter(reservingCapacity: text.count + 64)
    writer.beginObject()
    writer.key("role")
    writer.string(role)
    writer.key("content")
    writer.string(text)
    writer.endObject()
    return message(writer.bytes[...])
  }

  /// An element of a list of messages; what is none becomes the text of one without a role.
  static func element(_ json: JSONSlice) -> Message { Message(json: json) ?? text("", json.bytes) }

  private static let none = JSONSlice(trusting: Bytes(utf8: "{}"))

  private static func message(_ json: Bytes) -> Message {
    Message(json: JSONSlice(trusting: json)) ?? Message(role: "", content: nil, contentKind: .none, raw: json)
  }

  /// Answers the text from which the same content would be read again.
  private static func writeContent(_ row: LegacyRow, to writer: inout JSONWriter) -> Bytes? {
    guard let content = row["content"] else {
      writer.null()
      return nil
    }
    if content.first == UInt8(ascii: "["), let parts = row.json("content"), isParts(parts) {
      writer.raw(parts.bytes)
      return parts.bytes
    }
    if row.table.content == .history || row.table.content == .failures, content == Bytes(utf8: "null") {
      writer.null()
      return content
    }
    writer.string(content)
    return Bytes(utf8: content.string) == content ? content : nil
  }

  private static func isParts(_ json: JSONSlice) -> Bool {
    guard json.kind == .array else { return false }
    let elements = Array(json.elements)
    return !elements.isEmpty && elements.allSatisfy { $0["type"]?.string != nil }
  }

  /// Fields of a message that have columns of their own in seed 002.
  private static func writeColumns(_ row: LegacyRow, to writer: inout JSONWriter) -> Set<String> {
    var columns: Set<String> = []
    guard row.table.content == .messages else { return columns }
    if let name = row["name"], name == Bytes(utf8: name.string) {
      writer.key("name")
      writer.string(name)
      columns.insert("name")
    }
    if let calls = row.json("tool_calls"), calls.kind == .array {
      writer.key("tool_calls")
      writer.raw(calls.bytes)
      columns.insert("tool_calls")
    }
    if let id = row["tool_call_id"], id == Bytes(utf8: id.string) {
      writer.key("tool_call_id")
      writer.string(id)
      columns.insert("tool_call_id")
    }
    return columns
  }

  /// The fields that New API took out of a message; nil where `other` speaks of the response, or is something else.
  private static func otherFields(_ row: LegacyRow) -> JSONSlice? {
    guard row.table.content == .history || row.table.content == .failures, let other = row.object("other") else {
      return nil
    }
    let isOfResponse: Bool = ["object", "created", "response_id", "request_time", "error_time", "choices"].contains {
      other[$0] != nil
    }
    let isAmbiguous: Bool = other["role"] != nil || other["content"] != nil
    return isOfResponse || isAmbiguous ? nil : other
  }
}
