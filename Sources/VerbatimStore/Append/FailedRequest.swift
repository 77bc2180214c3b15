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

  private static let damaged = StoreError.unusable(
    "a failed exchange's request does not hold its messages; the database is damaged")

  /// The messages, and the unknown fields' object, nil where there were none.
  static func decode(_ stored: Bytes?) throws -> (messages: [Message], request: Bytes?) {
    guard let stored else { return ([], nil) }
    let object = JSONSlice(trusting: stored)
    guard let messages = object["messages"] else { throw damaged }
    let decoded: [Message] = try messages.elements.map { element in
      guard let message = Message(json: element) else { throw damaged }
      return message
    }
    return (decoded, object["request"]?.bytes)
  }
}
