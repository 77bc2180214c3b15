import VerbatimModel

/// A stream of chat completion chunks.
///
/// The shape of chunks is OpenAI's, with the departures of others: a first chunk without choices (Azure), chunks of a
/// choice without a delta (Azure's content filter), usage in every chunk, no `[DONE]`, `reasoning_content`, errors as
/// events of their own.
struct CompletionStream: AnswerStream {
  private let choiceCount: Int
  private let withholdsUsage: Bool
  /// All fields of the chunks but `choices`, the last value of each.
  private var fields = LatestFields()
  private var choices: [CompletionChoice] = []
  private var error: Answer?
  private var isDone = false

  init(choiceCount: Int, withholdsUsage: Bool) {
    self.choiceCount = choiceCount
    self.withholdsUsage = withholdsUsage
  }

  private(set) var hasBegun = false
  var isComplete: Bool { isDone }
  /// Where fewer choices come than were asked for, it is `[DONE]` that says so.
  var isFinished: Bool { isDone && !choices.isEmpty || !choices.isEmpty && choices.allSatisfy(\.isFinished) }

  mutating func take(_ event: ServerSentEvent) -> Release {
    guard let data = event.data else { return .now }
    if data.elementsEqual("[DONE]".utf8) {
      isDone = true
      return .afterRecording
    }
    guard let chunk = try? JSONSlice(checking: data[...]) else { return .unread }
    guard chunk.kind == .object else { return .now }
    if let error = chunk["error"], !error.isNull { return fail(with: error) }
    if event.name.elementsEqual("error".utf8) { return fail(with: chunk) }
    let isUsageOnly = take(chunk: chunk)
    if isUsageOnly && withholdsUsage { return .never }
    return choices.count >= choiceCount && isFinished ? .afterRecording : .now
  }

  private mutating func fail(with error: JSONSlice) -> Release {
    var failed = Answer()
    failed.fail(with: error)
    self.error = failed
    return .afterRecording
  }

  /// Whether the chunk carried usage and no choice.
  private mutating func take(chunk: JSONSlice) -> Bool {
    var hasChoice = false
    var hasUsage = false
    for field in chunk.fields {
      if field.key == "choices" {
        for choice in field.value.elements {
          hasChoice = true
          take(choice: choice)
        }
      } else {
        if field.key == "usage" { hasUsage = !field.value.isNull }
        fields.set(field)
      }
    }
    return hasUsage && !hasChoice
  }

  private mutating func take(choice: JSONSlice) {
    let index = choice["index"]?.integer ?? 0
    let place = choices.firstIndex { $0.index == index } ?? choices.endIndex
    if place == choices.endIndex { choices.append(CompletionChoice(index: index)) }
    if choices[place].take(choice) { hasBegun = true }
  }

  func answer() -> Answer {
    var answer = Answer(completion: JSONSlice(trusting: completion()))
    answer.failure = error?.failure
    return answer
  }

  /// The chat completion that the chunks make.
  private func completion() -> Bytes {
    var writer = JSONWriter(reservingCapacity: 1024)
    writer.beginObject()
    for field in fields.fields {
      let isObject = field.key.elementsEqual(#""object""#.utf8)
      writer.field(key: field.key[...], isObject ? Bytes(utf8: #""chat.completion""#) : field.value[...])
    }
    writer.key("choices")
    writer.beginArray()
    for choice in choices.sorted(by: { $0.index < $1.index }) { choice.write(to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes[...]
  }
}

/// The fields of a stream's events, the last value of each that says something.
struct LatestFields: Sendable {
  private(set) var fields: [(key: [UInt8], value: [UInt8])] = []

  mutating func set(_ field: JSONField) {
    guard let place = fields.firstIndex(where: { $0.key.elementsEqual(field.key.json) }) else {
      return fields.append((Array(field.key.json), Array(field.value.bytes)))
    }
    let isEmpty = field.value.isNull || field.value.string?.isEmpty == true
    // Most chunks say the same again.
    guard !isEmpty, !fields[place].value.elementsEqual(field.value.bytes) else { return }
    fields[place].value = Array(field.value.bytes)
  }
}
