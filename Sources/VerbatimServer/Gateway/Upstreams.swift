import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// Sends calls to upstreams: which one, again or to another where that may help, never after the first byte of an answer
/// has gone to the client.
struct Upstreams: Sendable {
  /// A call as it goes to one channel, which may call the model otherwise.
  struct Call: Sendable {
    var method: String
    var path: String
    var query: String?
    var fields: HTTPFields
    /// For a channel that is to be asked for the usage of a stream, or not.
    var body: @Sendable (_ channel: Channel, _ asksForUsage: Bool) -> [UInt8]?
    /// nil for calls that name none.
    var model: String?
    /// Whether the channel's choice decides if usage is asked for.
    var mayAskForUsage = false
    var dialects: Set<Channel.Dialect> = [.openai, .azure]
    /// How long an answer is waited for that nobody waits for any more.
    var readingOn = ReadingOn(for: .seconds(10))
  }

  /// An answer that has begun, good or bad.
  struct Reply: Sendable {
    let channel: Channel
    let answer: IncomingAnswer
    let asksForUsage: Bool

    var isEventStream: Bool {
      answer.status < 300 && answer.fields["Content-Type"]?.contains("text/event-stream") == true
    }
  }

  /// No upstream answered; what to tell the client, and which was asked last.
  struct Unanswered: Error {
    let error: APIError
    let channel: Channel?
  }

  let channels: ChannelCache
  let client: HTTPClient
  let health: ChannelHealth
  let log: Log

  /// The first good answer or, where there is none, the last bad one. Throws `Unanswered`.
  func reply(to call: Call) async throws -> Reply {
    let order = try await candidates(for: call)
    var plan = RetryPlan(count: order.count)
    var action = plan.first()
    var last: Result<Reply, Unanswered>?
    while case .attempt(let place, let pause) = action {
      // It fails when the client goes, for whom nobody else is asked then.
      if pause > .zero { try? await Task.sleep(for: pause) }
      if Task.isCancelled, last != nil { break }
      let channel = order[place]
      guard health.admits(channel) else {
        last = last ?? .failure(resting(channel, call))
        action = plan.next(after: .unanswered, jitter: 0)
        continue
      }
      if let last { discard(last, of: call) }
      let outcome = await attempt(call, on: channel)
      guard let failure = outcome.failure else { return try outcome.result.get() }
      action = plan.next(after: failure, jitter: .random(in: 0...1))
      last = outcome.result
    }
    guard let last else { throw Unanswered(error: Self.noChannel, channel: nil) }
    return try last.get()
  }

  private func candidates(for call: Call) async throws -> [Channel] {
    let all: [Channel]
    do {
      all = try await channels.all()
    } catch {
      throw Unanswered(
        error: .unavailable("the channels cannot be read: \(Failure.line(error))", retryAfter: .seconds(1)),
        channel: nil)
    }
    let order = ChannelOrder.of(all, for: call.model, call.dialects)
    guard order.isEmpty else { return order }
    let isAnyThere = all.contains { $0.status == .enabled && call.dialects.contains($0.dialect) }
    guard isAnyThere, let model = call.model else { throw Unanswered(error: Self.noChannel, channel: nil) }
    throw Unanswered(
      error: APIError(
        status: 404, code: "model_not_found", detail: "no channel has a model \(model); GET /v1/models lists them"),
      channel: nil)
  }

  // MARK: One attempt

  private struct Outcome {
    let result: Result<Reply, Unanswered>
    /// nil where the answer is what the client is to get.
    let failure: RetryPlan.Failure?
  }

  private func attempt(_ call: Call, on channel: Channel) async -> Outcome {
    let asksForUsage = call.mayAskForUsage && health.wantsUsage(channel)
    do {
      let reply = try await open(call, on: channel, asksForUsage: asksForUsage)
      let status = reply.answer.status
      health.note(channel, hasAnswered: status < 500 || RetryPlan.refusals.contains(status))
      if status == 400, asksForUsage, channel.usage == .auto {
        if let other = await withoutUsage(reply, call) { return other }
      }
      guard status == 408 || status == 429 || status >= 500 || (401...403).contains(status) else {
        return Outcome(result: .success(reply), failure: nil)
      }
      let retryAfter = reply.answer.fields["Retry-After"].flatMap { Int64($0) }.map { Duration.seconds($0) }
      return Outcome(result: .success(reply), failure: .answered(status: status, retryAfter: retryAfter))
    } catch {
      let kind = (error as? HTTPClientError)?.kind
      if kind == nil || kind == .invalidRequest {
        health.noteUnasked(channel)
      } else {
        health.note(channel, hasAnswered: false)
      }
      log.warning("Upstream failed", ["channel": channel.name, "path": call.path, "reason": "\(error)"])
      return Outcome(
        result: .failure(Unanswered(error: Self.unreachable(channel, error), channel: channel)),
        failure: kind == .cannotConnect || kind == .connectTimedOut ? .notSent : .unanswered)
    }
  }

  private func open(_ call: Call, on channel: Channel, asksForUsage: Bool) async throws -> Reply {
    let request = channel.request(
      call.method, path: call.path, query: call.query, model: call.model, fields: call.fields,
      body: call.body(channel, asksForUsage))
    let pending = try client.begin(request)
    let answer = try await call.readingOn.wait {
      try await pending.answer()
    } cut: {
      pending.cancel()
    }
    return Reply(channel: channel, answer: answer, asksForUsage: asksForUsage)
  }

  /// Asks again without `stream_options`, which some upstreams refuse; nil where that is refused as well.
  private func withoutUsage(_ refused: Reply, _ call: Call) async -> Outcome? {
    let channel = refused.channel
    do {
      let reply = try await open(call, on: channel, asksForUsage: false)
      guard reply.answer.status < 400 else {
        reply.answer.cancel()
        return nil
      }
      health.noteUsageRefused(by: channel)
      refused.answer.cancel()
      return Outcome(result: .success(reply), failure: nil)
    } catch {
      return nil
    }
  }

  /// Only once another upstream is really asked, for it may be what the client gets.
  private func discard(_ result: Result<Reply, Unanswered>, of call: Call) {
    guard case .success(let reply) = result else { return }
    log.warning(
      "Upstream refused", ["channel": reply.channel.name, "path": call.path, "status": String(reply.answer.status)])
    reply.answer.cancel()
  }

  // MARK: What clients are told

  static let noChannel = APIError(
    status: 503, code: "no_channel",
    detail: "there is no upstream for this: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or make one with "
      + "verbatim channels create")

  private func resting(_ channel: Channel, _ call: Call) -> Unanswered {
    var error = APIError.unavailable(
      "the upstream \(channel.name) has failed several times in a row and is left alone for a while",
      retryAfter: health.pause(of: channel))
    error.code = "upstream_resting"
    return Unanswered(error: error, channel: channel)
  }

  private static func unreachable(_ channel: Channel, _ error: any Error) -> APIError {
    let kind = (error as? HTTPClientError)?.kind
    switch kind {
    case nil:
      return APIError(
        status: 503, code: "client_closed_request",
        detail: "the client went away, and the upstream \(channel.name) did not answer while it was waited for")
    case .invalidRequest:
      return APIError(
        status: 400, code: "invalid_request",
        detail: "the call cannot be sent to the upstream \(channel.name): \(error)")
    case .firstByteTimedOut, .idleTimedOut, .timedOut:
      return APIError(
        status: 504, code: "upstream_timeout", detail: "the upstream \(channel.name) did not answer in time: \(error)")
    default:
      return APIError(
        status: 502, code: "upstream_unreachable", detail: "the upstream \(channel.name) cannot be reached: \(error)")
    }
  }
}

extension Upstreams.Call {
  /// Of a request to a model, which each channel may call otherwise.
  init(_ chat: ChatRequest, method: String = "POST", path: String, query: String? = nil, fields: HTTPFields) {
    self.init(
      method: method, path: path, query: query, fields: fields,
      body: { channel, asksForUsage in
        Array(chat.forwarded(model: channel.upstreamName(of: chat.model), addsUsage: asksForUsage))
      }, model: chat.model)
  }
}
