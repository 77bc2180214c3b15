import VerbatimModel

/// OpenAI's JSON lines: conversations for fine-tuning (`{"messages": […]}`), and calls with their answers.
///
/// A call is `{"request", "response"}` in one line, or two lines with one `custom_id` as the batch API has them in its
/// input and its output, put together in one file, requests first. Those wait in memory for their answers.
struct OpenAIMapping: ImportMapping {
  /// Of requests that wait for their answers.
  private static let mostWaiting = 256 << 20

  private let owner: ImportOwner
  private let digest: @Sendable (Bytes) -> String
  private var waiting: [String: (number: Int, body: Bytes)] = [:]
  private var waitingSize = 0

  init(owner: ImportOwner, digest: @escaping @Sendable (Bytes) -> String) {
    self.owner = owner
    self.digest = digest
  }

  mutating func exchanges(of element: JSONSlice, number: Int) throws(InvalidExchange) -> [ImportedExchange] {
    if element["messages"] != nil { return try conversation(element) }
    let hasAnswer = element["response"]?.something != nil || element["error"]?.something != nil
    if let request = element["request"] ?? (hasAnswer ? nil : element["body"]), request.kind == .object {
      if hasAnswer { return [try call(request, element)] }
      guard let id = element.text("custom_id") else {
        throw .invalid(field: "response", reason: "is required, or else custom_id")
      }
      try wait(for: id, request.bytes, number)
      return []
    }
    guard hasAnswer, let id = element.text("custom_id") else {
      throw .invalid(field: "messages", reason: "is required, or else request and response")
    }
    guard let request = waiting.removeValue(forKey: id)?.body else {
      throw .invalid(field: "custom_id", reason: "names no request that stands before it")
    }
    waitingSize -= request.count
    return [try call(JSONSlice(trusting: request), element)]
  }

  mutating func leftovers() -> [(number: Int, reason: String)] {
    defer { waiting = [:] }
    return waiting.values.map { ($0.number, "custom_id has no response in this file") }
  }

  private mutating func wait(for id: String, _ request: Bytes, _ number: Int) throws(InvalidExchange) {
    guard waiting[id] == nil else { throw .invalid(field: "custom_id", reason: "names another request, too") }
    guard waitingSize + request.count <= Self.mostWaiting else {
      throw .invalid(field: "custom_id", reason: "is one too many: requests of 256 MB wait for their responses already")
    }
    waitingSize += request.count
    // Not a slice of the file's part, which it would keep whole.
    waiting[id] = (number, Array(request)[...])
  }

  private func conversation(_ element: JSONSlice) throws(InvalidExchange) -> [ImportedExchange] {
    guard let list = element["messages"], list.kind == .array, list.something != nil else {
      throw .invalid(field: "messages", reason: "must be an array of messages")
    }
    let turns = list.elements.map { message in
      Transcript.Turn(isAssistant: message["role"]?.string?.string == "assistant", message: message.bytes)
    }
    var whole = ImportBody(owner)
    whole.conversationID = "openai:" + digest(element.bytes).prefix(32)
    whole.takeParameters(of: element)
    return Transcript.parts(of: turns).enumerated().map { place, part in
      var body = whole
      body.messages = part.messages
      body.choices = part.answer.map { [$0] } ?? []
      return ImportedExchange(key: .place(place), body: body.json())
    }
  }

  private func call(_ request: JSONSlice, _ element: JSONSlice) throws(InvalidExchange) -> ImportedExchange {
    var body = ImportBody(owner)
    body.takeParameters(of: request)
    guard let messages = request["messages"], messages.kind == .array else {
      throw .invalid(field: "messages", reason: "must be an array of messages")
    }
    body.messages = messages.elements.map(\.bytes)
    let response = element["response"]?["body"] ?? element["response"]
    if let error = response?["error"]?.something ?? element["error"]?.something {
      body.failure = (
        error.text("code") ?? element["response"]?["status_code"]?.integer.map(String.init) ?? error.text("type")
          ?? "error", error.text("message") ?? error.bytes.string
      )
    } else if let response {
      try body.takeCompletion(response)
    }
    // A response's own id may be that of many: some servers count anew whenever they start.
    return ImportedExchange(key: element.text("id").map { .id($0) } ?? .place(0), body: body.json())
  }
}

extension ImportBody {
  /// What a request says beside its messages.
  mutating func takeParameters(of request: JSONSlice) {
    provider = "openai"
    for field in request.fields {
      let name = field.key.text.string
      switch name {
      case "messages": break
      case "model": model = field.value.string?.string
      case "metadata" where field.value.kind == .object: metadata = field.value.bytes
      // These would be taken for the exchange's own.
      case "user": others.append((Bytes(utf8: #""request_user""#), field.value.bytes))
      default: others.append((field.key.json, field.value.bytes))
      }
    }
  }

  /// What a chat completion says.
  mutating func takeCompletion(_ completion: JSONSlice) throws(InvalidExchange) {
    guard let list = completion["choices"], list.kind == .array else {
      throw .invalid(field: "response.choices", reason: "must be an array")
    }
    choices = list.elements.compactMap { $0["message"]?.bytes }
    finishReason = list.elements.first { _ in true }?["finish_reason"]?.something?.bytes
    usage = completion["usage"]?.something?.bytes
    responseID = completion["id"]?.something?.bytes
    systemFingerprint = completion["system_fingerprint"]?.something?.bytes
    createdAt = createdAt ?? completion["created"]?.something?.bytes
    model = completion.text("model") ?? model
  }
}
