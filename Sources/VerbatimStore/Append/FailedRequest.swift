import VerbatimModel

/// What was asked in a failed exchange, as its one row keeps it: `{"messages": […], <unknown fields>}`.
enum FailedRequest {
  static func encode(_ exchange: NewExchange) -> Bytes {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("messages")
    writer.beginArray()
    for message in exchange.messages { message.write(to: &writer) }
    writer.endArray()
    if let request = exchange.request { writer.rawFields(of: request) }
    writer.endObject()
    return writer.bytes[...]
  }

  /// The messages and the unknown fields' object, nil when there were none.
  static func decode(_ request: Bytes) throws -> (messages: [Message], request: Bytes?) {
    fatalError()
  }
}
