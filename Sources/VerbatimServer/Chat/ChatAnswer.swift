import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// What a caller of chat is answered.
struct ChatAnswer: Sendable {
  var conversationID: String
  var messageID: UUIDv7
  /// A JSON string.
  var text: Bytes
  var model: String
  var finishReason: String?
  var usage: Bytes?
  var isCached = false
  /// Whether it answers a repeat with what its first was answered.
  var isDuplicate = false
  /// Whether its record is durable on this machine only.
  var isJournaled = false

  init(conversationID: String, messageID: UUIDv7, _ answer: Answer, model: String) {
    self.conversationID = conversationID
    self.messageID = messageID
    self.model = model
    text = answer.choices.first?.said ?? Message.nothing
    finishReason = answer.finishReason
    usage = answer.usage
  }

  /// Of an exchange that was recorded before.
  init(repeating exchange: StoredExchange) {
    conversationID = exchange.conversationID
    messageID = exchange.id
    model = exchange.modelName
    text = exchange.choices.first?.said ?? Message.nothing
    finishReason = exchange.finishReason
    usage = exchange.usage
    let sent = KeptRequest(stored: exchange.request)?.sent.map { JSONSlice(trusting: $0) }
    isCached = sent?["cached"]?.boolean ?? false
    isDuplicate = true
  }

  /// `isStream`: as events, the text as one of them.
  func response(isStream: Bool) -> HTTPResponse {
    var response: HTTPResponse
    if isStream {
      let events = ChatEvent.delta(text) + ChatEvent.end(self)
      response = HTTPResponse(status: 200, fields: ChatEvent.fields, body: .bytes(Array(events)))
    } else {
      var json = JSONWriter(reservingCapacity: text.count + 512)
      json.chatAnswer(self)
      response = .json(json)
    }
    response.sayIDs(conversationID, messageID)
    if isJournaled { response.sayJournaled() }
    return response
  }
}

extension Message {
  fileprivate static let nothing = Bytes(utf8: #""""#)

  /// What it says as a JSON string, the provider's own where there is one; of a refusal why.
  fileprivate var said: Bytes {
    let written = raw.map { JSONSlice(trusting: $0) }
    if let text = written?["content"], text.string != nil { return text.bytes }
    if content == nil, let refusal = written?["refusal"], refusal.string != nil { return refusal.bytes }
    var json = JSONWriter()
    json.string(content ?? [])
    return json.bytes[...]
  }
}

/// The events of an answer that streams: deltas of text, then the whole answer, then `[DONE]`.
enum ChatEvent {
  static let fields: HTTPFields = ["Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"]

  /// What the first event says, before there is any text.
  static func beginning(_ conversationID: String, _ messageID: UUIDv7) -> Bytes {
    event { json in
      json.key("conversation_id")
      json.string(conversationID)
      json.key("message_id")
      json.uuid(messageID)
    }
  }

  /// `text`: a JSON string.
  static func delta(_ text: Bytes) -> Bytes {
    event { json in
      json.key("delta")
      json.raw(text)
    }
  }

  static func end(_ answer: ChatAnswer) -> Bytes {
    var json = JSONWriter(reservingCapacity: answer.text.count + 512)
    json.chatAnswer(answer)
    return data(json) + Bytes(utf8: "data: [DONE]\n\n")
  }

  static func failure(_ error: APIError, requestID: String) -> Bytes {
    Bytes(utf8: "event: error\n") + data(ErrorAnswers.body(error, requestID: requestID))
  }

  private static func event(_ fields: (inout JSONWriter) -> Void) -> Bytes {
    var json = JSONWriter()
    json.beginObject()
    fields(&json)
    json.endObject()
    return data(json)
  }

  private static func data(_ json: JSONWriter) -> Bytes { Bytes(utf8: "data: ") + json.bytes + Bytes(utf8: "\n\n") }
}

extension JSONWriter {
  fileprivate mutating func chatAnswer(_ answer: ChatAnswer) {
    beginObject()
    key("success")
    boolean(true)
    key("conversation_id")
    string(answer.conversationID)
    key("message_id")
    uuid(answer.messageID)
    key("response")
    raw(answer.text)
    key("cached")
    boolean(answer.isCached)
    key("duplicate")
    boolean(answer.isDuplicate)
    key("model")
    string(answer.model)
    key("finish_reason")
    string(orNull: answer.finishReason)
    key("usage")
    raw(orNull: answer.usage)
    endObject()
  }
}
