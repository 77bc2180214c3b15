import VerbatimModel

/// The body of a call to a model: its bytes, and what is read from them without decoding anything else.
///
/// What a provider would refuse is its own to refuse: all that is asked for here is JSON and the name of a model.
package struct ChatRequest: Sendable {
  package let call: RecordedCall
  /// As the client sent it.
  package let bytes: Bytes
  package let model: String
  package let isStream: Bool
  /// Whether the client asked for a stream's usage (`stream_options.include_usage`).
  package let wantsUsage: Bool
  /// `n`, 1 where there is none.
  package let choiceCount: Int
  /// `store: true`: the provider is to keep it, too, so `metadata` and `store` are forwarded.
  package let isStoreRequested: Bool
  /// JSON object.
  package let metadata: Bytes?
  /// `metadata.conversation_id`, or the `conversation` of a response.
  package let conversationID: String?
  /// Of a response that goes on with another one.
  package let previousResponseID: String?
  /// Who uses the client, as the client tells the provider; of any length.
  package let endUser: String?
  /// What is said, oldest first.
  package let messages: [Message]
  let body: JSONSlice
  /// The elements that `messages` were made of, if each of them is a message; else nil, and the whole body is kept.
  let elements: [JSONSlice]?

  /// Throws what is wrong with it, by the name of the field.
  package init(parsing bytes: Bytes, call: RecordedCall = .chatCompletions) throws(InvalidExchange) {
    self.bytes = bytes
    self.call = call
    body = try Self.object(bytes)
    var fields = RequestFields()
    for field in body.fields { fields.set(field, of: call) }
    model = try Self.model(fields.model)
    isStream = fields.stream?.boolean ?? false
    wantsUsage = fields.streamOptions?["include_usage"]?.boolean ?? false
    choiceCount = Int(fields.n?.integer ?? 1)
    isStoreRequested = fields.store?.boolean ?? false
    metadata = fields.metadata?.kind == .object ? fields.metadata?.bytes : nil
    conversationID = try Self.conversationID(fields)
    previousResponseID = fields.previousResponseID?.exactID(limit: IngestLimits.code)
    endUser = (fields.user ?? fields.metadata?["user_id"])?.exactID(limit: .max)
    let said = Said(fields, call: call)
    messages = said.messages
    elements = said.elements
  }

  private static func object(_ bytes: Bytes) throws(InvalidExchange) -> JSONSlice {
    let body: JSONSlice
    do {
      body = try JSONSlice(checking: bytes)
    } catch {
      throw .malformed(offset: error.offset, reason: error.reason)
    }
    guard body.kind == .object else { throw .invalid(field: "body", reason: "must be a JSON object") }
    return body
  }

  /// Dropping one that is too long would have its messages recorded somewhere else.
  private static func conversationID(_ fields: RequestFields) throws(InvalidExchange) -> String? {
    let named = fields.metadata?["conversation_id"]
    let value = named ?? fields.conversation?["id"] ?? fields.conversation
    let limit = IngestLimits.conversationID
    if let text = value?.string, text.isLonger(than: limit) {
      let name = named == nil ? "conversation" : "metadata.conversation_id"
      throw .invalid(field: name, reason: "is longer than \(limit) characters", limit: limit)
    }
    return value?.exactID(limit: limit)
  }

  private static func model(_ value: JSONSlice?) throws(InvalidExchange) -> String {
    guard let value, !value.isNull else { throw .invalid(field: "model", reason: "is required") }
    guard let text = value.string, text.isExact, !text.isEmpty else {
      throw .invalid(field: "model", reason: "must be the name of a model")
    }
    let limit = IngestLimits.modelID
    if text.isLonger(than: limit) {
      throw .invalid(field: "model", reason: "is longer than \(limit) characters", limit: limit)
    }
    return text.string
  }
}

/// The fields of a request that mean something here, the last of repeated ones.
struct RequestFields {
  var model, stream, streamOptions, n, store, metadata, conversation, previousResponseID, user, system, said: JSONSlice?
  /// Whether what is said is there more than once.
  var isAmbiguous = false

  mutating func set(_ field: JSONField, of call: RecordedCall) {
    let key = field.key
    if key == call.messagesField {
      isAmbiguous = said != nil
      said = field.value
    } else if key == "model" {
      model = field.value
    } else if key == "stream" {
      stream = field.value
    } else if key == "stream_options" {
      streamOptions = field.value
    } else if key == "n" {
      n = field.value
    } else if key == "store" {
      store = field.value
    } else if key == "metadata" {
      metadata = field.value
    } else if key == "conversation" && call == .responses {
      conversation = field.value
    } else if key == "previous_response_id" {
      previousResponseID = field.value
    } else if key == "user" {
      user = field.value
    } else if key == "system" || key == "instructions" {
      system = field.value
    }
  }
}

extension JSONSlice {
  /// A text that can be compared byte by byte and is no longer than it may be; nil for anything else.
  func exactID(limit: Int) -> String? {
    guard let text = string, text.isExact, !text.isEmpty, !text.isLonger(than: limit) else { return nil }
    return text.string
  }
}
