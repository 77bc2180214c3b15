import VerbatimModel

/// Rows of LiteLLM's spend log (`LiteLLM_SpendLogs`), one request an element. Without `store_prompts_in_spend_logs` they
/// hold no messages, and there is nothing to import.
struct LiteLLMMapping: ImportMapping {
  /// These have places of their own; what else a row has is kept in its metadata.
  private static let placed: Set<String> = [
    "messages", "response", "proxy_server_request", "model", "custom_llm_provider", "spend", "prompt_tokens",
    "completion_tokens", "total_tokens", "startTime",
  ]

  let owner: ImportOwner

  func exchanges(of element: JSONSlice, number: Int) throws(InvalidExchange) -> [ImportedExchange] {
    guard let id = element.text("request_id") else { throw .invalid(field: "request_id", reason: "is required") }
    var owner = owner
    if let user = element.text("end_user") ?? element.text("user") { owner.userID = user }
    var body = ImportBody(owner)
    if let request = element.opened("proxy_server_request") { body.takeParameters(of: request) }
    body.metadata = Self.metadata(of: element)
    body.provider = element.text("custom_llm_provider")
    body.conversationID = element.text("session_id").map { "litellm:" + $0 }
    body.messages = try Self.messages(of: element)
    try Self.takeAnswer(of: element, into: &body)
    body.model = element.text("model") ?? body.model
    body.usage = body.usage ?? Self.usage(of: element)
    body.totalPrice = element["spend"]?.something?.bytes
    body.createdAt = element["startTime"]?.something?.bytes
    body.latency = Self.latency(of: element)
    return [ImportedExchange(key: .id(id), body: body.json())]
  }

  private static func messages(of element: JSONSlice) throws(InvalidExchange) -> [Bytes] {
    for messages in [element.opened("messages"), element.opened("proxy_server_request")?["messages"]] {
      switch messages?.kind {
      case .array: if let messages, messages.something != nil { return messages.elements.map(\.bytes) }
      case .string: if let text = messages?.string { return [JSONWriter.message("user", text.string)] }
      default: continue
      }
    }
    throw .invalid(field: "messages", reason: "holds none; LiteLLM keeps them where store_prompts_in_spend_logs is on")
  }

  private static func takeAnswer(of element: JSONSlice, into body: inout ImportBody) throws(InvalidExchange) {
    if element.text("status") == "failure" {
      let error = element.opened("metadata")?["error_information"]
      body.failure = (
        error?.text("error_code") ?? error?.text("error_class") ?? "failure", error?.text("error_message") ?? ""
      )
    } else if let response = element.opened("response"), response.kind == .object {
      try body.takeCompletion(response)
    }
  }

  private static func usage(of element: JSONSlice) -> Bytes? {
    guard element["total_tokens"]?.integer ?? 0 > 0 else { return nil }
    var json = JSONWriter()
    json.beginObject()
    json.raw("prompt_tokens", element["prompt_tokens"]?.something?.bytes)
    json.raw("completion_tokens", element["completion_tokens"]?.something?.bytes)
    json.raw("total_tokens", element["total_tokens"]?.something?.bytes)
    json.endObject()
    return json.bytes[...]
  }

  private static func latency(of element: JSONSlice) -> Double? {
    func time(_ name: String) -> Int64? {
      element[name]?.string.flatMap { Timestamp.milliseconds(iso8601: $0.bytes) }
    }
    guard let start = time("startTime"), let end = time("endTime"), end >= start else { return nil }
    return Double(end - start) / 1000
  }

  private static func metadata(of element: JSONSlice) -> Bytes? {
    var json = JSONWriter()
    json.beginObject()
    json.key("litellm")
    json.beginObject()
    for field in element.fields where !placed.contains(field.key.text.string) && field.value.something != nil {
      json.field(key: field.key.json, field.value.bytes)
    }
    json.endObject()
    json.endObject()
    return json.bytes[...]
  }
}
