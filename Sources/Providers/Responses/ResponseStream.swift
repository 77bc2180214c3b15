import VerbatimModel

/// The events of a streamed response.
///
/// The last one carries the whole response; what came before it is put together only for one that breaks off.
struct ResponseStream: AnswerStream {
  /// The response as an event showed it last: whole in the last event, without its output before.
  private var response: [UInt8] = []
  private var items: [ResponseItem] = []
  private var error: Answer?
  private(set) var hasBegun = false
  private(set) var isFinished = false

  var isComplete: Bool { isFinished || error != nil }

  mutating func take(_ event: ServerSentEvent) -> Release {
    guard let data = event.data, !data.elementsEqual("[DONE]".utf8) else { return .now }
    guard let json = try? JSONSlice(checking: data[...]) else { return .unread }
    guard json.kind == .object else { return .now }
    let type = json["type"]?.string?.string ?? String(decoding: event.name, as: UTF8.self)
    if type.hasSuffix(".delta") { hasBegun = true }
    if type == "error" {
      var failed = Answer()
      failed.fail(with: json["error"] ?? json)
      error = failed
      return .afterRecording
    }
    if let whole = json["response"], whole.kind == .object { response = Array(whole.bytes) }
    switch type {
    case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
      isFinished = true
      return .afterRecording
    case "response.output_item.added", "response.output_item.done": setItem(json)
    default: addDelta(json, type: type)
    }
    return .now
  }

  private mutating func setItem(_ event: JSONSlice) {
    guard let item = event["item"] else { return }
    let place = self.place(of: event["output_index"]?.integer ?? Int64(items.count))
    items[place].json = Array(item.bytes)
  }

  private mutating func addDelta(_ event: JSONSlice, type: String) {
    guard type.hasSuffix(".delta"), let delta = event["delta"], delta.kind == .string else { return }
    let place = self.place(of: event["output_index"]?.integer ?? 0)
    let inside = delta.bytes.dropFirst().dropLast()
    if type == "response.function_call_arguments.delta" {
      items[place].arguments += inside
    } else if type == "response.output_text.delta" || type == "response.refusal.delta" {
      items[place].text += inside
    }
  }

  private mutating func place(of index: Int64) -> Int {
    if let place = items.firstIndex(where: { $0.index == index }) { return place }
    items.append(ResponseItem(index: index))
    return items.endIndex - 1
  }

  func answer() -> Answer {
    if isFinished { return Answer(response: JSONSlice(trusting: response[...])) }
    var answer = Answer()
    if !items.isEmpty { answer.choices = [partialMessage] }
    answer.responseID = JSONSlice(trusting: response[...])["id"]?.exactID(limit: IngestLimits.code)
    answer.failure = error?.failure
    return answer
  }

  /// What had come when it broke off.
  private var partialMessage: Message {
    var output = ResponseOutput()
    for item in items.sorted(by: { $0.index < $1.index }) { output.add(item) }
    return output.message
  }
}

/// An item of a response's output while it comes.
struct ResponseItem: Sendable {
  let index: Int64
  /// As an event showed it: empty at first, whole when it is done.
  var json: [UInt8] = []
  /// What stands between the quotation marks of its text and of its arguments, as far as they have come.
  var text: [UInt8] = []
  var arguments: [UInt8] = []

  init(index: Int64) { self.index = index }
}
