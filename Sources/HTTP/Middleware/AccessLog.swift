import Synchronization

/// Tells of every request once it is answered, of a streamed answer once it has ended.
package struct AccessLog: Middleware {
  package struct Entry: Sendable {
    package let method: String
    /// As sent, without the query, which may hold what people searched for.
    package let path: String
    /// 499 when the request was given up before there was an answer.
    package var status: Int
    package var duration: Duration
    /// Of the answer's body, as far as it was handed over for sending.
    package var byteCount: Int
    /// False when a stream broke off.
    package var isComplete: Bool
    package let peerAddress: String
    package let requestID: String
    package let userAgent: String?

    init(
      _ request: HTTPRequest, status: Int, duration: Duration, byteCount: Int = 0, isComplete: Bool = true
    ) {
      method = request.method
      path = request.path
      self.status = status
      self.duration = duration
      self.byteCount = byteCount
      self.isComplete = isComplete
      peerAddress = request.peerAddress
      requestID = request.id
      userAgent = request.fields["User-Agent"]
    }
  }

  private let now: @Sendable () -> ContinuousClock.Instant
  private let log: @Sendable (Entry) -> Void

  package init(
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, log: @escaping @Sendable (Entry) -> Void
  ) {
    self.now = now
    self.log = log
  }

  /// Tells of a request that was answered before it came to any middleware.
  package func record(_ response: HTTPResponse, to request: HTTPRequest) {
    var byteCount = 0
    if case .bytes(let bytes) = response.body { byteCount = bytes.count }
    log(Entry(request, status: response.status, duration: .zero, byteCount: byteCount))
  }

  package func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    let start = now()
    var response: HTTPResponse
    do {
      response = try await next(request)
    } catch {
      log(entry(request, status: error is CancellationError ? 499 : 500, since: start, isComplete: false))
      throw error
    }
    switch response.body {
    case .none:
      log(entry(request, status: response.status, since: start))
    case .bytes(let bytes):
      let sent = request.method == "HEAD" ? 0 : bytes.count
      log(entry(request, status: response.status, since: start, byteCount: sent))
    case .stream(let stream):
      let record = StreamRecord(entry(request, status: response.status, since: start, isComplete: false)) { entry in
        var entry = entry
        entry.duration = now() - start
        log(entry)
      }
      response.body = .stream { writer in
        let counting = ResponseWriter { bytes in
          try await writer.write(bytes)
          record.add(bytes.count)
        }
        do {
          try await stream(counting)
        } catch {
          record.end(isComplete: false)
          throw error
        }
        record.end(isComplete: true)
      }
    }
    return response
  }

  private func entry(
    _ request: HTTPRequest, status: Int, since start: ContinuousClock.Instant, byteCount: Int = 0,
    isComplete: Bool = true
  ) -> Entry {
    Entry(request, status: status, duration: now() - start, byteCount: byteCount, isComplete: isComplete)
  }
}

/// A streamed answer on its way: logged when it ends, or when it is dropped without ever having begun, as the answer to
/// a HEAD request or to a peer that has gone.
private final class StreamRecord: Sendable {
  private let entry: Mutex<AccessLog.Entry?>
  private let log: @Sendable (AccessLog.Entry) -> Void

  init(_ entry: AccessLog.Entry, log: @escaping @Sendable (AccessLog.Entry) -> Void) {
    self.entry = Mutex(entry)
    self.log = log
  }

  deinit { end(isComplete: false) }

  func add(_ byteCount: Int) {
    entry.withLock { $0?.byteCount += byteCount }
  }

  func end(isComplete: Bool) {
    let ended = entry.withLock { $0.take() }
    guard var ended else { return }
    ended.isComplete = isComplete
    log(ended)
  }
}
