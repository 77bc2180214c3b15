import VerbatimModel

/// A whole conversation as New API kept it in one column: `{"messages": […], …}`, or the list alone.
struct LegacyContent {
  let messages: [Message]
  /// The fields beside the messages; nil where there are none.
  let request: Bytes?
  /// Whether messages and request say all that the column said.
  let isComplete: Bool

  /// What is none of these becomes one message of the row's role, its text as it is.
  init(_ row: LegacyRow, _ column: String) {
    let json = row.json(column)
    let list = json?.kind == .array ? json : json?["messages"]
    guard let json, let list, list.kind == .array, list.elements.contains(where: { _ in true }) else {
      let text: Bytes = row[column] ?? []
      messages = [LegacyMessage.text(row.text("role") ?? "conversation", text)]
      request = nil
      isComplete = row[column] != nil && Bytes(utf8: text.string) == text
      return
    }
    messages = list.elements.map(LegacyMessage.element)
    request = Self.otherFields(of: json)
    isComplete = true
  }

  private static func otherFields(of json: JSONSlice) -> Bytes? {
    var writer = JSONWriter()
    var isEmpty = true
    writer.beginObject()
    for field in json.fields where !(field.key == "messages") {
      writer.key(text: field.key.text.string)
      writer.raw(field.value.bytes)
      isEmpty = false
    }
    writer.endObject()
    return isEmpty ? nil : KeptRequest.stored(foreign: writer.bytes[...])
  }
}
