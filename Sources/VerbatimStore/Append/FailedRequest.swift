import VerbatimModel

/// What was asked in a failed exchange, as its one row keeps it: `{"messages": […], "request": {<unknown fields>}}`.
enum FailedRequest {
  static func encode(_ exchange: NewExchange) -> Bytes {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("messages")
    writer.beginArray()
    for message in exchange.messages { writer.message(message) }
    writer.endArray()
    if let request = exchange.request {
      writer.key("request")
      writer.raw(request)
    }
    writer.endObject()
    return writer.bytes[...]
  }

  /// The messages, and the unknown fields' object, nil where there were none.
  static func decode(_ stored: Bytes?) throws -> (messages: [Message], request: Bytes?) {
    guard let stored else { return ([], nil) }
    let object = JSONSlice(trusting: stored)
    let messages: [Message] = try object["messages"].map { try $0.elements.map(Message.init(stored:)) } ?? []
    return (messages, object["request"]?.bytes)
  }
}
