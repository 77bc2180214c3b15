import Synchronization
import Testing

@testable import HTTP

/// Runs a server on a free port for the length of `test`, and awaits its end.
func withServer<Result: Sendable>(
  _ configure: (inout HTTPServer.Configuration) -> Void = { _ in },
  handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse,
  test: @Sendable (HTTPServer) async throws -> Result
) async throws -> Result {
  var configuration = HTTPServer.Configuration()
  configuration.port = 0
  configure(&configuration)
  let server = try HTTPServer(configuration: configuration) { request in
    do {
      return try await handler(request)
    } catch {
      return text(500, "\(error)")
    }
  } refusal: { refusal in
    text(refusal.status, refusal.code)
  }
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.run() }
    let result: Result
    do {
      result = try await test(server)
    } catch {
      group.cancelAll()
      throw error
    }
    group.cancelAll()
    try await group.waitForAll()
    return result
  }
}

func text(_ status: Int, _ text: String) -> HTTPResponse {
  HTTPResponse(status: status, fields: ["Content-Type": "text/plain"], body: .bytes(Array(text.utf8)))
}

/// Answers with what it was asked: method, path, query and body.
@Sendable func describe(_ request: HTTPRequest) async throws -> HTTPResponse {
  let body = try await request.body.collect(upTo: 1 << 20)
  let query = request.query.map { "?\($0)" } ?? ""
  return text(200, "\(request.method) \(request.path)\(query) [\(String(decoding: body, as: UTF8.self))]")
}

/// Something that happens once, with a value.
struct Event<Value: Sendable>: Sendable {
  private let stream: AsyncStream<Value>
  private let continuation: AsyncStream<Value>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func happened(_ value: Value) { continuation.yield(value) }

  var value: Value {
    get async throws {
      for await value in stream { return value }
      throw CancellationError()
    }
  }
}

/// A number that several tasks add to.
final class Count: Sendable {
  private let total = Atomic(0)

  var value: Int { total.load(ordering: .relaxed) }

  func add(_ number: Int) { total.add(number, ordering: .relaxed) }
}

extension HTTPServer {
  /// Sends the bytes on a new connection and gives the first answer.
  func answer(to text: String) async throws -> RawConnection.Answer? {
    let port = port
    return try await onThread {
      let connection = try RawConnection(port: port)
      try connection.send(text)
      return try connection.answer(toHead: text.hasPrefix("HEAD"))
    }
  }
}
