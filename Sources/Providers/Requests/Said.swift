import VerbatimModel

/// What a request says, as messages in OpenAI form.
///
/// Where an element is no message at all, or one that no column can hold, those that are messages are still read, and the
/// request is kept whole.
struct Said {
  private(set) var messages: [Message] = []
  /// nil where they are not what all of `messages` but a leading system message were made of.
  private(set) var elements: [JSONSlice]?

  private static let roles: Set<String> = ["system", "developer", "user", "assistant", "tool", "function"]

  init(_ fields: RequestFields, call: RecordedCall) {
    if let system = fields.system, call != .chatCompletions { add(role: "system", content: system) }
    guard let said = fields.said else { return }
    if call == .responses, said.string != nil {
      add(role: "user", content: said)
    } else {
      add(elementsOf: said, call: call, isWhole: said.kind == .array && !fields.isAmbiguous)
    }
  }

  private mutating func add(elementsOf said: JSONSlice, call: RecordedCall, isWhole: Bool) {
    var elements: [JSONSlice] = []
    var isWhole = isWhole
    for element in said.elements {
      guard elements.count < IngestLimits.messages else {
        isWhole = false
        break
      }
      elements.append(element)
      if let message = Self.message(element, call: call) { messages.append(message) } else { isWhole = false }
    }
    if isWhole { self.elements = elements }
  }

  private mutating func add(role: StaticString, content: JSONSlice) {
    guard content.kind == .string || content.kind == .array else { return }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("role")
    writer.string(role.description)
    writer.key("content")
    writer.raw(content.bytes)
    writer.endObject()
    if let message = Message(json: JSONSlice(trusting: writer.bytes[...])) { messages.append(message) }
  }

  private static func message(_ element: JSONSlice, call: RecordedCall) -> Message? {
    let message: Message? = call == .responses ? Message(responseItem: element) : Message(json: element)
    guard let message, roles.contains(message.role) else { return nil }
    let ids: [String?] = [message.name, message.toolCallID]
    return ids.allSatisfy { ($0?.unicodeScalars.count ?? 0) <= IngestLimits.name } ? message : nil
  }
}
