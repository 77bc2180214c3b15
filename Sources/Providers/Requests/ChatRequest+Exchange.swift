import VerbatimModel

extension ChatRequest {
  /// The exchange that the request begins: everything that is known before an answer.
  package func exchange(appID: String, userID: String, provider: String) -> NewExchange {
    var exchange = NewExchange(
      appID: appID, userID: userID, conversationID: conversationID, modelProvider: provider, modelName: model,
      messages: messages, choices: [])
    exchange.metadata = metadata
    exchange.isStream = isStream
    exchange.request = kept.stored
    exchange.source = "gateway"
    return exchange
  }

  /// The request without the messages that have rows of their own.
  var kept: KeptRequest {
    KeptRequest(body: body.bytes, messages: messagesPlace.map { (call.messagesField, $0) })
  }

  /// What a thread is found by; nil where the messages stay in the request.
  package var threaded: ThreadedRequest? {
    guard let elements, let place = messagesPlace else { return nil }
    return ThreadedRequest(
      call: call.rawValue, messages: messages, elements: elements.map(\.bytes), inside: bytes[place])
  }

  /// Where the elements stand, between the brackets of their array.
  private var messagesPlace: Range<Int>? {
    guard elements != nil, let array = body[call.messagesField]?.bytes, array.count >= 2 else { return nil }
    return array.startIndex + 1..<array.endIndex - 1
  }
}
