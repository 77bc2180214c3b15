import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// Makes the events of a chat's answer from the bytes of its provider's stream as they are let go: what says that the
/// answer has ended comes once it is recorded.
actor ChatStream {
  private let call: ChatCall
  private let reply: Upstreams.Reply
  private let ending: ChatEnding
  private let writer: ResponseWriter
  private var deltas = CompletionDeltas()
  private var hasBegun = false
  private var hasEnded = false

  init(_ call: ChatCall, from reply: Upstreams.Reply, _ ending: ChatEnding, to writer: ResponseWriter) {
    self.call = call
    self.reply = reply
    self.ending = ending
    self.writer = writer
  }

  func pass(_ bytes: [UInt8]) async throws {
    var events = hasBegun ? [] : ChatEvent.beginning(call.record.conversationID, call.record.exchangeID)
    hasBegun = true
    for text in deltas.take(bytes[...]) { events += ChatEvent.delta(text) }
    events += try await last()
    if !events.isEmpty { try await writer.write(Array(events)) }
  }

  /// To be called when no more comes.
  func end() async throws {
    let events = try await last()
    if !events.isEmpty { try await writer.write(Array(events)) }
  }

  /// As `end`, of a stream that broke off.
  func fail(_ error: any Error) async throws {
    guard ending.value == nil else { return try await end() }
    let failure = (error as? StoreError).map { APIError($0) } ?? .unrecorded
    try await writer.write(Array(ChatEvent.failure(failure, requestID: call.requestID)))
  }

  /// The last events, once, as soon as there is a record.
  private func last() async throws -> Bytes {
    guard !hasEnded, let (answer, receipt) = ending.value else { return [] }
    hasEnded = true
    if let error = APIError(failed: answer, reply.answer) {
      return ChatEvent.failure(error, requestID: call.requestID)
    }
    return ChatEvent.end(try await call.end(answer, receipt, from: reply.channel))
  }
}
