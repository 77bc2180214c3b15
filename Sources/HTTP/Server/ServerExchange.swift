import CBeast
import Synchronization

/// A request in progress and the way to its answer.
///
/// `@unchecked`: the handle never changes and may be used from any thread; `task` belongs to the loop's thread.
final class ServerExchange: @unchecked Sendable {
  /// Longer answers are written in parts of this size, so that no copy of the whole is made.
  static let writeSize = 256 << 10

  /// The handler's task. Set and read on the loop's thread alone.
  var task: Task<Void, Never>?
  let isHead: Bool

  private let raw: OpaquePointer
  private let bodyLimit: Int
  /// Keeps the C server, whose loop the request points to.
  private let server: HTTPServer
  private let arrived = Mutex(Arrived())

  /// What of a body is in Swift's hands.
  private struct Arrived {
    var first: [UInt8]?
    var isLast = false
  }

  init(_ raw: OpaquePointer, of server: HTTPServer, limit: Int, isHead: Bool) {
    self.raw = raw
    self.server = server
    bodyLimit = limit
    self.isHead = isHead
  }

  deinit { cb_request_release(raw) }

  /// On the loop's thread: the answer is out, or the peer gone.
  func ended(isAborted: Bool) {
    if isAborted { task?.cancel() }
    task = nil
  }
}

// MARK: The body

extension ServerExchange {
  func body(first: [UInt8], isComplete: Bool) -> RequestBody {
    if isComplete { return RequestBody(first) }
    arrived.withLock { $0.first = first.isEmpty ? nil : first }
    return RequestBody { try await self.nextPart() }
  }

  private func nextPart() async throws -> ArraySlice<UInt8>? {
    let (first, isLast) = arrived.withLock { arrived in
      defer { arrived.first = nil }
      return (arrived.first, arrived.isLast)
    }
    if let first { return first[...] }
    if isLast { return nil }
    let part = await readPart()
    switch part.event {
    case cb_body_part: return part.bytes[...]
    case cb_body_last_part:
      arrived.withLock { $0.isLast = true }
      return part.bytes.isEmpty ? nil : part.bytes[...]
    case cb_body_too_large: throw HTTPError.bodyTooLarge(limit: bodyLimit)
    case cb_body_broken: throw HTTPError.badBody("The body's chunks are malformed.")
    case cb_body_too_slow: throw HTTPError.tooSlow
    case cb_body_cancelled: throw CancellationError()
    default: throw HTTPError.peerGone
    }
  }

  private func readPart() async -> Part {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Part, Never>) in
        cb_request_read(
          raw,
          { context, event, bytes, count in
            let part = Part(event: event, bytes: Array(UnsafeBufferPointer(start: bytes, count: count)))
            Waiter<Part>.take(context)?.resume(returning: part)
          }, Waiter(continuation).retained)
        // A cancellation before the read would have found nothing to cancel.
        if Task.isCancelled { cb_request_cancel_read(raw) }
      }
    } onCancel: {
      cb_request_cancel_read(raw)
    }
  }

  private struct Part: Sendable {
    var event: cb_body_event
    var bytes: [UInt8]
  }
}

// MARK: The answer

extension ServerExchange {
  func respond(_ response: HTTPResponse) {
    response.withAnswer { answer in withUnsafePointer(to: answer) { cb_request_respond(raw, $0) } }
  }

  func start(_ response: HTTPResponse, length: Int?) {
    response.withAnswer { answer in
      withUnsafePointer(to: answer) { cb_request_start(raw, $0, length.map(Int64.init) ?? -1) }
    }
  }

  /// Returns when there is room for more. A cancelled write has left half of its bytes with the peer, so that the
  /// connection is cut.
  func write(_ bytes: ArraySlice<UInt8>) async throws {
    try Task.checkCancellation()
    let isPeerThere = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
        let waiter = Waiter(continuation).retained
        bytes.withUnsafeBufferPointer {
          cb_request_write(
            raw, $0.baseAddress, $0.count, { Waiter<Bool>.take($0)?.resume(returning: $1) }, waiter)
        }
      }
    } onCancel: {
      cb_request_abort(raw)
    }
    guard isPeerThere else { throw HTTPError.peerGone }
  }

  func finish() { cb_request_finish(raw) }

  func abort() { cb_request_abort(raw) }
}

/// Carries a continuation through C's `void *`.
private final class Waiter<Value: Sendable>: Sendable {
  private let continuation: CheckedContinuation<Value, Never>

  init(_ continuation: CheckedContinuation<Value, Never>) { self.continuation = continuation }

  /// To be given back by `take`.
  var retained: UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

  static func take(_ pointer: UnsafeMutableRawPointer?) -> CheckedContinuation<Value, Never>? {
    pointer.map { Unmanaged<Waiter>.fromOpaque($0).takeRetainedValue().continuation }
  }
}
