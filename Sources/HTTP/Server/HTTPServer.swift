import CBeast
import Synchronization

/// An HTTP/1.1 server on Boost.Beast and Asio: loop threads own the sockets; each request runs as a Swift task.
///
/// What never reaches a handler, because its head or framing is broken, ambiguous, too large or too slow, is answered
/// by `refusal`. A client that leaves cancels the task of its request. A small body comes whole with its request, a
/// larger one starts the handler early and arrives while it is read, at the pace of the slower side.
package final class HTTPServer: Sendable {
  private let handler: @Sendable (HTTPRequest) async -> HTTPResponse
  private let refusal: @Sendable (Refusal) -> HTTPResponse
  private let configuration: Configuration
  private let executor: any TaskExecutor
  private let raw: RawServer
  private let running = Mutex<CheckedContinuation<Void, any Error>?>(nil)

  /// Binds and listens; throws a `ServerError` with one clear line when it cannot. Connections wait until `run`.
  ///
  /// `executor` runs the handlers; one without a body begins on the loop's thread, up to where it first waits, so that no
  /// other thread has to wake up for it. `refusal` is called on a loop's thread and must answer at once, with a body of bytes or
  /// none.
  package init(
    configuration: Configuration, executor: any TaskExecutor = globalConcurrentExecutor,
    handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse,
    refusal: @escaping @Sendable (Refusal) -> HTTPResponse
  ) throws {
    self.handler = handler
    self.refusal = refusal
    self.configuration = configuration
    self.executor = executor
    raw = try RawServer(configuration)
  }

  /// The port in use.
  package var port: Int { raw.port }

  package var counters: Counters { raw.counters }

  /// Serves until the task is cancelled, then drains: no new connections, running requests finish, idle ones close.
  /// What has not ended by the drain's time-out is cut. When this returns, every thread of the server has ended.
  /// To be called once.
  package func run() async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        running.withLock { $0 = continuation }
        do { try raw.start(callbacks) } catch { resumeRun(.failure(error)) }
      }
      raw.join()
    } onCancel: {
      raw.drain(within: configuration.drainTimeout)
    }
  }

  /// Cuts whatever is still in progress, so that `run` returns soon: what a second signal asks for.
  package func stopNow() { raw.drain(within: .zero) }

  private func resumeRun(_ result: Result<Void, any Error>) {
    let continuation = running.withLock { running in
      defer { running = nil }
      return running
    }
    continuation?.resume(with: result)
  }

  // The application's pointer is this object without a reference: `run` holds one until the loops have ended.
  private var callbacks: cb_callbacks {
    cb_callbacks(
      application: Unmanaged.passUnretained(self).toOpaque(),
      on_request: { application, request, head in
        guard let application, let request, let head else { return nil }
        return Unmanaged<HTTPServer>.fromOpaque(application).takeUnretainedValue().begin(request, head.pointee)
      },
      on_end: { exchange, isAborted in
        guard let exchange else { return }
        Unmanaged<ServerExchange>.fromOpaque(exchange).takeRetainedValue().ended(isAborted: isAborted)
      },
      on_refusal: { application, reason, head, sink in
        guard let application, let head, let sink else { return }
        Unmanaged<HTTPServer>.fromOpaque(application).takeUnretainedValue().refuse(reason, head.pointee, sink)
      },
      on_stopped: { application in
        guard let application else { return }
        Unmanaged<HTTPServer>.fromOpaque(application).takeUnretainedValue().resumeRun(.success(()))
      })
  }

  /// On a loop's thread. Nil: the target is not UTF-8.
  private func begin(_ raw: OpaquePointer, _ head: cb_head) -> UnsafeMutableRawPointer? {
    guard var request = HTTPRequest(head) else { return nil }
    // From here on, the exchange gives the request's reference back.
    let exchange = ServerExchange(raw, of: self, limit: configuration.maximumBodySize, isHead: head.is_head_method)
    request.body = exchange.body(first: Array(padded: head.body), isComplete: head.is_body_complete)
    // What has a body to decode first would keep the loop; anything else soon waits for a database.
    if head.is_body_complete && head.body.count == 0 {
      exchange.task = Task.immediate(executorPreference: executor) { [request] in
        await self.answer(request, exchange)
      }
    } else {
      exchange.task = Task(executorPreference: executor) { [request] in await self.answer(request, exchange) }
    }
    return Unmanaged.passRetained(exchange).toOpaque()
  }

  private func answer(_ request: HTTPRequest, _ exchange: ServerExchange) async {
    let response = await handler(request)
    guard (200...999).contains(response.status), response.fields.isWellFormed else {
      return exchange.respond(refusal(.badAnswer(to: request)))
    }
    switch response.body {
    case .none: exchange.respond(response)
    case .bytes(let bytes) where bytes.count <= ServerExchange.writeSize || exchange.isHead:
      exchange.respond(response)
    case .bytes(let bytes):
      await stream(StreamedAnswer(response, length: bytes.count, exchange), to: request) { try await $0.write(bytes) }
    case .stream(let produce):
      await stream(StreamedAnswer(response, length: response.streamLength, exchange), to: request, produce)
    }
  }

  private func stream(
    _ answer: StreamedAnswer, to request: HTTPRequest, _ produce: @Sendable (ResponseWriter) async throws -> Void
  ) async {
    do {
      if !answer.exchange.isHead { try await produce(ResponseWriter { try await answer.write($0) }) }
      answer.finish()
    } catch  where answer.hasStarted {
      answer.exchange.abort()
    } catch {
      answer.exchange.respond(refusal(Refusal(streamFailure: error, of: request)))
    }
  }

  /// On a loop's thread.
  private func refuse(_ reason: cb_refusal, _ head: cb_head, _ sink: UnsafeMutableRawPointer) {
    let response = refusal(Refusal(reason, of: HTTPRequest(head), configuration))
    response.withAnswer { answer in withUnsafePointer(to: answer) { cb_refuse(sink, $0) } }
  }
}
