import VerbatimModel

/// A message in OpenAI's form, as JSON: content parts, tool calls, audio, refusals and whatever else a provider thinks of
/// come back as they were given.
public struct ChatMessage: Sendable, Hashable {
  /// The JSON object. Read back it is the same value; where its fields are of the plain kinds, spaces may differ.
  public let json: String
  /// `system`, `developer`, `user`, `assistant`, `tool` or `function`.
  public let role: String
  /// The message's text, for reading: that of its text parts, joined by newlines, where `content` is made of parts; nil
  /// where it has none. A NUL or a lone surrogate appears as U+FFFD.
  public let text: String?

  /// A message that is only a text.
  public init(role: String, text: String) {
    var json = JSONWriter()
    json.message(Message(role: role, content: Bytes(utf8: text), contentKind: .text))
    self.json = String(decoding: json.bytes, as: UTF8.self)
    self.role = role
    self.text = text
  }

  /// A message from its JSON object. Throws `HistoryError.rejected` for what is no JSON object with a `role`.
  public init(json: String) throws(HistoryError) {
    guard let message = try Self.message(json) else { throw .rejected(field: "message", reason: "has no role") }
    self.init(message, json: json)
  }

  init(_ message: Message) {
    var json = JSONWriter(reservingCapacity: (message.raw ?? message.content ?? []).count + 64)
    json.message(message)
    self.init(message, json: String(decoding: json.bytes, as: UTF8.self))
  }

  private init(_ message: Message, json: String) {
    self.json = json
    role = message.role
    text = message.content?.string
  }

  /// As it is stored; nil where the JSON is no message.
  private static func message(_ json: String) throws(HistoryError) -> Message? {
    do {
      let value = try JSONSlice(checking: Bytes(utf8: json))
      return value.kind == .object ? Message(json: value) : nil
    } catch {
      throw .rejected(field: "message", reason: "is no JSON at byte \(error.offset): \(error.reason)")
    }
  }

  func message() throws(HistoryError) -> Message {
    guard let message = try Self.message(json) else { throw .rejected(field: "message", reason: "has no role") }
    return message
  }
}
