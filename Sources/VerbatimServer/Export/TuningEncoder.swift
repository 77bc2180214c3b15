import VerbatimModel
import VerbatimStore

/// OpenAI's fine-tuning form: `{"messages": […]}` a line, the answer as its last message. Exchanges that failed or were
/// never answered teach nothing and are left out; so are further choices, and answers whose question an earlier exchange
/// holds.
struct TuningEncoder: ExportEncoder {
  func encode(_ exchanges: [ExportedExchange], after count: Int) -> [UInt8] {
    var json = Self.writer(for: exchanges)
    for exported in exchanges {
      let exchange = exported.exchange
      guard exchange.failure == nil, let answer = exchange.choices.first,
        exchange.messages.contains(where: { $0.role == "user" })
      else { continue }
      json.beginObject()
      json.key("messages")
      json.beginArray()
      for message in exchange.messages { json.message(message) }
      json.message(answer)
      json.endArray()
      if let tools = exchange.wholeRequest.flatMap({ JSONSlice(trusting: $0)["tools"] }), tools.kind == .array {
        json.key("tools")
        json.raw(tools.bytes)
      }
      json.endObject()
      json.endLine()
    }
    return json.bytes
  }
}
