import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// An answer on its way from the upstream through the capture to the client.
///
/// It is read by the handler's own task, so that a part costs no more hops than it must. That task may be cancelled when
/// the client goes: nothing here listens to that, so the answer is read on, for a while, and recorded all the same.
struct ModelCall: Sendable {
  /// Of an answer whose client has gone; more is not read.
  private static let mostUnsent = 32 << 20
  /// How long a stream is waited for to go on once its end is held, which some upstreams never say.
  private static let endPatience: Duration = .seconds(3)
  /// How long a stream that has said all is waited for to end.
  private static let lingering: Duration = .seconds(2)

  let reply: Upstreams.Reply
  let settings: GatewaySettings
  /// nil where nothing is recorded.
  var record: CallRecord?
  var capture: Capture?
  let token: CallToken
  private let readingOn: ReadingOn
  /// Hears what was recorded; without a receipt where it could not be, and that is allowed.
  var onEnd: (@Sendable (Answer, Store.Receipt?) -> Void)?

  private var unsent = 0
  private var clientHasGone = false
  private var reading: Task<Void, Never>?
  private var holding: Task<Void, Never>?

  init(
    _ reply: Upstreams.Reply, to chat: ChatRequest, record: CallRecord?, settings: GatewaySettings, token: CallToken,
    readingOn: ReadingOn
  ) {
    self.reply = reply
    self.settings = settings
    self.token = token
    self.readingOn = readingOn
    self.record = record
    self.record?.note(reply.channel)
    if record != nil {
      capture = Capture(
        chat, status: reply.answer.status, contentType: reply.answer.fields["Content-Type"],
        withholdsUsage: reply.asksForUsage && chat.asksForUsage)
    }
    token.reads(reply.answer)
  }

  /// The answer for the client: a stream as it comes, anything else once it is recorded.
  mutating func response() async throws -> HTTPResponse {
    var response = HTTPResponse(status: reply.answer.status, fields: reply.answer.fields.forClient)
    if let record { response.sayIDs(record.conversationID, record.exchangeID) }
    guard !reply.isEventStream else {
      response.body = stream(after: [])
      return response
    }
    var released: Bytes = []
    var ending = AnswerEnding.whole
    do {
      while released.isEmpty, let part = try await next() { released = take(part[...]) }
    } catch {
      ending = self.ending(error)
    }
    guard released.isEmpty || capture == nil else {
      // Larger than is kept in memory.
      response.body = stream(after: released)
      return response
    }
    if capture == nil, ending == .whole {
      response.body = stream(after: released)
      return response
    }
    let receipt = try await finish(ending)
    if case .broken(_, let message) = ending { throw brokenAnswer(message) }
    if receipt?.isJournaled == true { response.sayJournaled() }
    response.body = .bytes(Array(capture?.takeHeld() ?? []))
    return response
  }

  // MARK: As a stream

  private func stream(after released: Bytes) -> HTTPResponse.Body {
    let call = self
    return .stream { writer in
      var call = call
      try await call.pump(released, to: writer)
    }
  }

  private mutating func pump(_ first: Bytes, to writer: ResponseWriter) async throws {
    defer {
      reading?.cancel()
      holding?.cancel()
    }
    if !first.isEmpty || !reply.answer.hasPart { await send(first, to: writer) }
    var ending = AnswerEnding.whole
    do {
      var isFirst = first.isEmpty
      while capture?.isComplete != true, let part = try await next() {
        // Nor does the first event wait until those that came with it are read.
        let rest = isFirst ? part[...].behindFirstEvent : part.startIndex
        for piece in [part[..<rest], part[rest...]] where !piece.isEmpty {
          let released = take(piece)
          if !released.isEmpty { await send(released, to: writer) }
        }
        isFirst = false
      }
    } catch {
      ending = self.ending(error)
    }
    _ = try await finish(ending)
    if let held = capture?.takeHeld(), !held.isEmpty { await send(held, to: writer) }
    if clientHasGone { throw HTTPError.peerGone }
    if case .broken = ending { throw HTTPClientError(.broken, "the upstream's answer broke off") }
    if capture?.isComplete == true { await passRest(to: writer) }
  }

  /// What an upstream sends after it has said that this is all, for as long as it should take to end.
  private mutating func passRest(to writer: ResponseWriter) async {
    let answer = reply.answer
    guard !answer.isOver else { return }
    let patience = cut(after: Self.lingering)
    defer { patience.cancel() }
    do {
      while let part = try await answer.next() { await send(part[...], to: writer) }
    } catch {
      // It has said all; how it ends after that says nothing.
    }
  }

  /// Gives bytes to the client or, once that has gone, to nobody; then the upstream is read on for a while.
  private mutating func send(_ bytes: Bytes, to writer: ResponseWriter) async {
    guard !clientHasGone else {
      unsent += bytes.count
      if unsent > Self.mostUnsent { reply.answer.cancel() }
      return
    }
    do {
      try await writer.write(Array(bytes))
    } catch {
      clientHasGone = true
      reading = cut(after: record == nil ? .zero : settings.readingOn)
    }
  }

  /// Whatever becomes of the task that reads.
  private func cut(after patience: Duration) -> Task<Void, Never> {
    let answer = reply.answer
    return Task.detached {
      do { try await Task.sleep(for: patience) } catch { return }
      answer.cancel()
    }
  }

  // MARK: Taking and recording

  private func next() async throws -> [UInt8]? {
    let answer = reply.answer
    guard !answer.hasPart else { return try await answer.next() }
    return try await readingOn.wait {
      try await answer.next()
    } cut: {
      answer.cancel()
    }
  }

  private mutating func take(_ part: Bytes) -> Bytes {
    guard capture != nil else { return part }
    let released = capture?.take(part) ?? []
    if capture?.hasBegun == true { record?.noteFirstToken() }
    if holding == nil, capture?.isHolding == true { holding = cut(after: Self.endPatience) }
    return released
  }

  /// Records what came; nil where nothing is recorded or, as `lenient` allows, nothing could be.
  private mutating func finish(_ ending: AnswerEnding) async throws -> Store.Receipt? {
    guard var answer = capture?.finish(ending), let record else { return nil }
    // While an answer is read that is not passed on in parts, only the task tells.
    answer.clientHasGone = clientHasGone || Task.isCancelled
    do {
      let receipt = try await record.end(answer, isStream: capture?.isStream ?? false)
      onEnd?(answer, receipt)
      return receipt
    } catch {
      if settings.recording == .strict { throw error }
      onEnd?(answer, nil)
      return nil
    }
  }

  private static let clientGone = AnswerEnding.broken(
    code: "client_closed_request", message: "the client went away, and the answer did not end while it was read on")

  /// Of an answer that broke off, or was cut.
  private func ending(_ error: any Error) -> AnswerEnding {
    if capture?.isHolding == true, error is CancellationError { return .whole }
    if clientHasGone || readingOn.isOver { return Self.clientGone }
    switch (error as? HTTPClientError)?.kind {
    case .idleTimedOut, .timedOut:
      return .broken(code: "upstream_timeout", message: "the answer stopped and did not go on: \(error)")
    case nil:
      return .broken(code: "server_stopping", message: "the server stopped while the answer was read")
    default: return .broken(code: "upstream_disconnected", message: "the answer broke off: \(error)")
    }
  }

  private func brokenAnswer(_ message: String) -> APIError {
    let error = APIError(status: 502, code: "upstream_disconnected", detail: message)
    return record.map { error.saying($0) } ?? error
  }
}

extension Bytes {
  /// Behind the first blank line; the start where there is none.
  fileprivate var behindFirstEvent: Int {
    for end in [[0x0A, 0x0A], [0x0D, 0x0A, 0x0D, 0x0A]] as [[UInt8]] {
      if let found = firstRange(of: end) { return found.upperBound }
    }
    return startIndex
  }
}
