/// One item of a conversation in OpenAI form, as it is stored.
package struct Message: Sendable, Equatable {
  /// What `content` is.
  package enum ContentKind: String, Sendable {
    /// A JSON string; `content` is its text.
    case text
    /// An array of content parts; `content` is the text of its text parts, joined by newlines, for reading and search.
    case parts
    /// Absent, null, or of a shape that OpenAI does not know; `content` is nil.
    case none
  }

  package var role: String
  package var name: String?
  /// Text for reading and search: UTF-8 without NUL; U+FFFD stands for what text cannot hold (NUL, lone surrogates).
  package var content: Bytes?
  package var contentKind: ContentKind
  /// The JSON array of tool calls.
  package var toolCalls: Bytes?
  package var toolCallID: String?
  /// The message's own JSON, byte for byte, wherever the other fields would not give the same JSON value back; else nil.
  package var raw: Bytes?

  package init(
    role: String, name: String? = nil, content: Bytes?, contentKind: ContentKind, toolCalls: Bytes? = nil,
    toolCallID: String? = nil, raw: Bytes? = nil
  ) {
    self.role = role
    self.name = name
    self.content = content
    self.contentKind = contentKind
    self.toolCalls = toolCalls
    self.toolCallID = toolCallID
    self.raw = raw
  }
}
