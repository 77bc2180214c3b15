import VerbatimModel

/// The events of Anthropic's streamed message.
///
/// `message_start` has the message without content, blocks come one after another, and `message_delta` says why it stopped
/// and what it took in all.
struct MessageStream: AnswerStream {
  private var message = LatestFields()
  private var usage = LatestFields()
  private var blocks: [MessageBlock] = []
  private var error: Answer?
  private(set) var hasBegun = false
  private(set) var isFinished = false
  private(set) var isComplete = false

  mutating func take(_ event: ServerSentEvent) -> Release {
    guard let data = event.data, !data.elementsEqual("[DONE]".utf8) else { return .now }
    guard let json = try? JSONSlice(checking: data[...]) else { return .unread }
    guard json.kind == .object else { return .now }
    switch json["type"]?.string?.string ?? String(decoding: event.name, as: UTF8.self) {
    case "message_start":
      for field in json["message"]?.fields ?? json.fields { set(field) }
    case "content_block_start", "content_block_delta": takeBlock(json)
    case "message_delta": return takeEnd(json)
    case "message_stop":
      isComplete = true
      return .afterRecording
    case "error":
      var failed = Answer()
      failed.fail(with: json["error"] ?? json)
      error = failed
      isComplete = true
      return .afterRecording
    default: break
    }
    return .now
  }

  private mutating func set(_ field: JSONField) {
    if field.key == "usage" {
      for field in field.value.fields { usage.set(field) }
    } else if field.key != "content" {
      message.set(field)
    }
  }

  private mutating func takeBlock(_ event: JSONSlice) {
    let index = event["index"]?.integer ?? 0
    if let block = event["content_block"] {
      blocks.removeAll { $0.index == index }
      blocks.append(MessageBlock(index: index, block))
    } else if let delta = event["delta"], let place = blocks.firstIndex(where: { $0.index == index }) {
      hasBegun = true
      blocks[place].add(delta)
    }
  }

  private mutating func takeEnd(_ event: JSONSlice) -> Release {
    for field in event["delta"]?.fields ?? event.fields { set(field) }
    if let usage = event["usage"] { for field in usage.fields { self.usage.set(field) } }
    guard event["delta"]?["stop_reason"]?.isNull == false else { return .now }
    isFinished = true
    return .afterRecording
  }

  func answer() -> Answer {
    var answer = Answer(message: JSONSlice(trusting: whole()))
    answer.failure = error?.failure
    return answer
  }

  private func whole() -> Bytes {
    var writer = JSONWriter(reservingCapacity: 1024)
    writer.beginObject()
    for field in message.fields { writer.field(key: field.key[...], field.value[...]) }
    writer.key("content")
    writer.beginArray()
    for block in blocks.sorted(by: { $0.index < $1.index }) { block.write(to: &writer) }
    writer.endArray()
    if !usage.fields.isEmpty {
      writer.key("usage")
      writer.beginObject()
      for field in usage.fields { writer.field(key: field.key[...], field.value[...]) }
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes[...]
  }
}
