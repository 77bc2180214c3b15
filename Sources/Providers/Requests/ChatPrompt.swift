import VerbatimModel

/// What a model is asked in a conversation whose context is kept here: the body of a chat completion's request.
package struct ChatPrompt: Sendable {
  package var model: String
  package var settings: ConversationSettings
  /// What was said before, oldest first.
  package var context: [Message]
  package var question: Message
  package var isStream: Bool

  package init(
    model: String, settings: ConversationSettings, context: [Message], question: Message, isStream: Bool
  ) {
    self.model = model
    self.settings = settings
    self.context = context
    self.question = question
    self.isStream = isStream
  }

  package var body: Bytes {
    var json = JSONWriter(reservingCapacity: 4096)
    json.beginObject()
    writeModel(to: &json)
    writeMessages(to: &json)
    writeParameters(to: &json)
    if isStream {
      json.key("stream")
      json.boolean(true)
    }
    json.endObject()
    return json.bytes[...]
  }

  /// What the answer depends on, and nothing else: the body of a call that is no stream.
  package var identity: Bytes {
    var prompt = self
    prompt.isStream = false
    return prompt.body
  }

  /// What is recorded of it beside the question: `{"model", …, "system_message", "context_messages", "cached"}`.
  package func sent(isCached: Bool) -> Bytes {
    var json = JSONWriter(reservingCapacity: 512)
    json.beginObject()
    writeModel(to: &json)
    writeParameters(to: &json)
    if let system = settings.systemMessage {
      json.key("system_message")
      json.string(system)
    }
    json.key("context_messages")
    json.integer(context.count)
    json.key("cached")
    json.boolean(isCached)
    json.endObject()
    return json.bytes[...]
  }

  /// Whether tools were called in what was said.
  package var hasTools: Bool {
    context.contains { $0.toolCalls != nil || $0.role == "tool" || $0.role == "function" }
  }

  private func writeModel(to json: inout JSONWriter) {
    json.key("model")
    json.string(model)
  }

  private func writeMessages(to json: inout JSONWriter) {
    json.key("messages")
    json.beginArray()
    if let system = settings.systemMessage {
      json.message(Message(role: "system", content: Bytes(utf8: system), contentKind: .text))
    }
    for message in context { json.said(message) }
    json.message(question)
    json.endArray()
  }

  private func writeParameters(to json: inout JSONWriter) {
    if let temperature = settings.temperature {
      json.key("temperature")
      json.double(temperature)
    }
    if let tokens = settings.maxTokens {
      json.key("max_tokens")
      json.integer(tokens)
    }
    if let topP = settings.topP {
      json.key("top_p")
      json.double(topP)
    }
    if let penalty = settings.frequencyPenalty {
      json.key("frequency_penalty")
      json.double(penalty)
    }
    if let penalty = settings.presencePenalty {
      json.key("presence_penalty")
      json.double(penalty)
    }
    if let stop = settings.stopSequences, stop.count > 2 {
      json.key("stop")
      json.raw(stop)
    }
  }
}

extension JSONWriter {
  /// Kinds of parts that every chat completion's request may hold; those of other calls are given as their text.
  private static let kinds: Set<String> = ["text", "image_url", "input_audio", "file", "refusal"]

  /// The message with the fields that any provider takes back. Of an answer more may be kept, such as its thoughts, which
  /// some providers refuse to be told again.
  fileprivate mutating func said(_ message: Message) {
    self.message(message) { $0.content(of: message) }
  }

  private mutating func content(of message: Message) {
    let written = message.raw.flatMap { JSONSlice(trusting: $0)["content"] }
    switch message.contentKind {
    case .none: null()
    case .text:
      if let written, written.string != nil { raw(written.bytes) } else { string(message.content ?? []) }
    case .parts:
      let parts = written.map { Array($0.elements) } ?? []
      let isKnown = parts.allSatisfy { Self.kinds.contains($0["type"]?.string?.string ?? "") }
      if let written, isKnown, !parts.isEmpty { raw(written.bytes) } else { string(message.content ?? []) }
    }
  }
}
