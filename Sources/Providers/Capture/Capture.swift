import VerbatimModel

/// Reads the answer to a call on its way to the client, and says which bytes may go on.
///
/// - A stream is held from the event on that carries the finish reason, since clients stop there; an answer in one piece
///   is held whole. `held` goes out once the record is durable.
/// - What is recorded is what an answer in one piece would have held, so both kinds are read back alike.
/// - Nothing that comes from a provider can make it fail: what it cannot read is recorded as a failure, and its bytes go on.
/// - Memory is bounded: an answer beyond `limit` goes on to its client unread and is recorded as a failure,
///   `answer_too_large`, with what came before. A stream that goes on for 1 MB after its finish reason counts as complete.
package struct Capture: Sendable {
  package static let usualLimit = 32 << 20
  private static let mostHeld = 1 << 20

  private enum Form {
    /// Not known before the first byte that is no white space.
    case unknown
    case stream
    case whole
    /// Past the limit: nothing is read any more.
    case abandoned
  }

  private let status: Int
  private let limit: Int
  private var form: Form
  private var reader = EventReader()
  private var stream: any AnswerStream
  private var gate = StreamGate()
  private var body: [UInt8] = []
  private var size = 0
  /// Whether an event of the stream was no JSON.
  private var isGarbled = false
  private let call: RecordedCall

  /// `status` and `contentType`: of the answer's head. `withholdsUsage`: usage was asked for by us alone.
  package init(
    _ request: ChatRequest, status: Int, contentType: String?, withholdsUsage: Bool = false,
    limit: Int = Capture.usualLimit
  ) {
    self.status = status
    self.limit = limit
    call = request.call
    stream =
      switch request.call {
      case .chatCompletions:
        CompletionStream(choiceCount: request.choiceCount, withholdsUsage: withholdsUsage)
      case .responses: ResponseStream()
      case .messages: MessageStream()
      }
    let type = contentType?.lowercased() ?? ""
    form = type.contains("text/event-stream") ? .stream : type.contains("json") ? .whole : .unknown
  }

  /// Whether something that the model said has come, for the latency of the first token.
  package var hasBegun: Bool { form == .stream ? stream.hasBegun : !body.isEmpty }

  /// Whether nothing more is to come, whatever the connection does.
  package var isComplete: Bool {
    form == .stream && (stream.isComplete || gate.held.count > Self.mostHeld)
  }

  /// Whether the model has said all: bytes wait for the record, and little is to come.
  package var isHolding: Bool { form == .stream && gate.isHolding }

  /// Whether the answer has come as a stream.
  package var isStream: Bool { form == .stream }

  /// What waits for the record; everything else went out through `take`.
  package mutating func takeHeld() -> Bytes {
    defer { body = [] }
    return form == .stream ? gate.takeAll() : body[...]
  }

  /// The bytes that may go on now, of these and earlier ones.
  package mutating func take(_ bytes: Bytes) -> Bytes {
    size += bytes.count
    if form == .unknown { decide(bytes) }
    if size > limit && form != .abandoned { return abandon(bytes) }
    switch form {
    case .abandoned: return bytes
    case .stream: return takeEvents(bytes)
    case .unknown, .whole:
      body += bytes
      return []
    }
  }

  /// What is to be recorded.
  package mutating func finish(_ ending: AnswerEnding) -> Answer {
    var answer: Answer
    switch form {
    case .stream:
      if let event = reader.finish() { _ = stream.take(event) }
      answer = stream.answer()
    case .abandoned: answer = abandonedAnswer()
    case .unknown, .whole: return wholeAnswer(ending)
    }
    guard answer.failure == nil else { return answer }
    if case .broken(let code, let message) = ending, !stream.isFinished {
      answer.fail(code, message)
    } else if !(200..<300).contains(status) {
      answer.fail("\(status)", "the provider answered \(status)")
    } else if !stream.isFinished {
      answer.fail(CaptureFailure.unfinished, "the stream ended before the model had finished")
    } else if isGarbled {
      answer.fail(CaptureFailure.invalid, "an event of the stream is no JSON in UTF-8; what it said is missing here")
    }
    return answer
  }

  private mutating func decide(_ bytes: Bytes) {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
    guard let first = bytes.first(where: { !isSpace($0) }) else { return }
    let isEvent = first == UInt8(ascii: "d") || first == UInt8(ascii: "e") || first == UInt8(ascii: ":")
    guard isEvent else { return form = .whole }
    form = .stream
    gate.keep(body[...])
    body = []
  }

  private mutating func takeEvents(_ bytes: Bytes) -> Bytes {
    var released: Bytes = []
    var rest = bytes
    var start = rest.startIndex
    while let event = reader.next(&rest) {
      let release = event.data?.isEmpty == false ? stream.take(event) : .now
      if case .unread = release { isGarbled = true }
      gate.end(bytes[start..<rest.startIndex], release, into: &released)
      start = rest.startIndex
    }
    gate.keep(bytes[start...])
    return released
  }

  private mutating func abandon(_ bytes: Bytes) -> Bytes {
    let waiting = form == .stream ? gate.takeAll() : body[...]
    if form != .stream { body = [] }
    form = .abandoned
    return waiting + bytes
  }

  private func abandonedAnswer() -> Answer {
    var answer = stream.answer()
    answer.fail(CaptureFailure.tooLarge, "the answer has \(size) bytes or more; up to \(limit) are kept")
    return answer
  }

  private func wholeAnswer(_ ending: AnswerEnding) -> Answer {
    var answer = Answer(body: body[...], status: status, call: call)
    guard case .broken(let code, let message) = ending else { return answer }
    answer.fail(code, message)
    return answer
  }
}
