import Synchronization
import Testing

@testable import HTTP

struct AccessLogTests {
  /// A clock that goes only when told, and what was logged.
  private final class Recorder: Sendable {
    private let instant = Mutex(ContinuousClock.now)
    private let logged = Mutex<[AccessLog.Entry]>([])

    var entries: [AccessLog.Entry] { logged.withLock { $0 } }

    func advance(by duration: Duration) { instant.withLock { $0 += duration } }

    func accessLog() -> AccessLog {
      AccessLog(now: { self.instant.withLock { $0 } }, log: { entry in self.logged.withLock { $0.append(entry) } })
    }
  }

  private struct Failure: Error {}

  private let recorder = Recorder()
  private let request = {
    var request = HTTPRequest(
      method: "POST", path: "/x", query: "q=secret", fields: ["User-Agent": "test/1"], peerAddress: "192.0.2.7")
    request.id = "r1"
    return request
  }()

  @Test func `an answer is logged with all that is known of it`() async throws {
    let handler = recorder.accessLog().before { [recorder] _ in
      recorder.advance(by: .milliseconds(25))
      return HTTPResponse(status: 201, body: .bytes([1, 2, 3]))
    }
    _ = try await handler(request)
    let entry = try #require(recorder.entries.first)
    #expect(recorder.entries.count == 1)
    #expect((entry.method, entry.path, entry.status) == ("POST", "/x", 201))
    #expect((entry.duration, entry.byteCount, entry.isComplete) == (.milliseconds(25), 3, true))
    #expect((entry.peerAddress, entry.requestID, entry.userAgent) == ("192.0.2.7", "r1", "test/1"))
  }

  @Test func `the body of a HEAD answer is not counted`() async throws {
    var request = request
    request.method = "HEAD"
    let handler = recorder.accessLog().before { _ in HTTPResponse(status: 200, body: .bytes([1, 2, 3])) }
    _ = try await handler(request)
    #expect(recorder.entries.map(\.byteCount) == [0])
  }

  @Test(arguments: [(true, 499), (false, 500)])
  func `a failure is logged and passed on`(isCancellation: Bool, status: Int) async throws {
    let handler = recorder.accessLog().before { _ in
      if isCancellation { throw CancellationError() }
      throw Failure()
    }
    await #expect(throws: (any Error).self) { _ = try await handler(request) }
    #expect(recorder.entries.map(\.status) == [status])
    #expect(recorder.entries.map(\.isComplete) == [false])
  }

  @Test(arguments: [true, false])
  func `a stream is logged once, at its end`(breaksOff: Bool) async throws {
    let handler = recorder.accessLog().before { [recorder] _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try await writer.write([1, 2])
          recorder.advance(by: .seconds(3))
          try await writer.write([3])
          if breaksOff { throw Failure() }
        })
    }
    let written = Mutex<[UInt8]>([])
    do {
      let response = try await handler(request)
      #expect(recorder.entries.isEmpty)
      guard case .stream(let stream) = response.body else {
        Issue.record("no stream")
        return
      }
      try await stream(ResponseWriter { bytes in written.withLock { $0 += bytes } })
      #expect(!breaksOff)
    } catch is Failure {
      #expect(breaksOff)
    }
    #expect(written.withLock { $0 } == [1, 2, 3])
    let entry = try #require(recorder.entries.first)
    #expect(recorder.entries.count == 1)
    #expect((entry.duration, entry.byteCount, entry.isComplete) == (.seconds(3), 3, !breaksOff))
  }

  @Test func `a stream that is never asked for is logged all the same`() async throws {
    let handler = recorder.accessLog().before { _ in HTTPResponse(status: 200, body: .stream { _ in }) }
    _ = try await handler(request)
    #expect(recorder.entries.map(\.byteCount) == [0])
    #expect(recorder.entries.map(\.isComplete) == [false])
  }
}
