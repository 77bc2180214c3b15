import Foundation
import Synchronization
import Testing
import VerbatimTesting

@testable import HTTP

struct IncomingAnswerTests {
  private static let event = "data: {\"天\": \"😀\"}\r\n\r\n"

  private let client = HTTPClient()

  private func open(_ server: ScriptedServer, _ change: (inout OutgoingRequest) -> Void = { _ in }) async throws
    -> IncomingAnswer
  {
    var request = OutgoingRequest(method: "POST", url: server.url(), body: Array("{}".utf8))
    change(&request)
    return try await client.open(request)
  }

  /// The kind of error that reading to the end ends with, and what came before it.
  private func ending(_ answer: IncomingAnswer) async throws -> (kind: HTTPClientError.Kind?, bytes: [UInt8]) {
    var bytes: [UInt8] = []
    do {
      while let part = try await answer.next() { bytes += part }
      return (nil, bytes)
    } catch let error as HTTPClientError {
      return (error.kind, bytes)
    }
  }

  @Test func `parts are given as they come, and the head before the first of them`() async throws {
    let (turns, turn) = AsyncStream.makeStream(of: Int.self)
    let gate = Mutex<[DispatchSemaphore]>((0..<4).map { _ in DispatchSemaphore(value: 0) })
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
      for number in 0..<4 {
        gate.withLock { $0[number] }.wait()
        peer.send("2\r\n\(number)\n\r\n")
        turn.yield(number)
      }
      peer.send("0\r\n\r\n")
    }
    let answer = try await open(server)
    #expect(answer.status == 200)
    #expect(answer.fields["content-type"] == "text/event-stream")
    for number in 0..<4 {
      gate.withLock { $0[number] }.signal()
      let part = try await answer.next()
      #expect(part == Array("\(number)\n".utf8))
    }
    #expect(try await answer.next() == nil)
    turn.finish()
    #expect(await turns.reduce(0) { count, _ in count + 1 } == 4)
  }

  @Test func `an answer split at any byte comes back whole`() async throws {
    let body = Self.event + Self.event
    let whole = Array(
      ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        + String(body.utf8.count, radix: 16) + "\r\n" + body + "\r\n0\r\n\r\n").utf8)
    let next = Atomic(1)
    let server = try ScriptedServer { peer in
      while peer.readRequest() != nil {
        let place = next.add(1, ordering: .relaxed).oldValue
        peer.send(bytes: whole[..<place])
        peer.send(bytes: whole[place...])
      }
    }
    for _ in 1..<whole.count {
      let answer = try await open(server)
      #expect(answer.fields["X-A"] == "b")
      #expect(try await answer.collect(upTo: 1000) == Array(body.utf8))
    }
    #expect(server.connectionCount == 1)
  }

  @Test func `what nobody reads is not taken from the connection`() async throws {
    let sent = Atomic(0)
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(50 << 20)\r\n\r\n")
      let part = String(repeating: "x", count: 1 << 20)
      for _ in 0..<50 where peer.send(part) { sent.add(1, ordering: .relaxed) }
    }
    let answer = try await open(server) { $0.timeouts.idle = .seconds(2) }
    // Another call, whose end shows that time has passed.
    let slow = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n\r\n")
      peer.waitForEnd()
    }
    #expect(try await ending(try await open(slow) { $0.timeouts.idle = .milliseconds(2500) }).kind == .idleTimedOut)
    #expect(sent.load(ordering: .relaxed) < 50)
    #expect(try await ending(answer) == (nil, [UInt8](repeating: UInt8(ascii: "x"), count: 50 << 20)))
  }

  @Test func `who listens and does not answer is firstByteTimedOut`() async throws {
    let server = try ScriptedServer { $0.waitForEnd() }
    await #expect(throws: HTTPClientError(.firstByteTimedOut, "no answer came within 0.1 seconds")) {
      _ = try await open(server) { $0.timeouts.firstByte = .milliseconds(100) }
    }
  }

  @Test func `an answer that stops is idleTimedOut, behind what came`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n\r\nabc")
      peer.waitForEnd()
    }
    let ending = try await ending(try await open(server) { $0.timeouts.idle = .milliseconds(100) })
    #expect(ending == (.idleTimedOut, Array("abc".utf8)))
  }

  @Test func `nobody taking the connection is connectTimedOut`() async throws {
    let silent = try FullListener()
    var request = OutgoingRequest(method: "GET", url: silent.url)
    request.timeouts.connect = .milliseconds(200)
    do {
      _ = try await client.open(request)
      Issue.record("a connection that nobody takes was made")
    } catch let error as HTTPClientError {
      #expect(error.kind == .connectTimedOut)
    }
  }

  @Test(arguments: ["Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
  func `an answer that breaks off is broken, behind what came`(answer: String) async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n" + answer)
    }
    #expect(try await ending(try await open(server)) == (.broken, Array("abc".utf8)))
  }

  @Test func `cancelling ends an endless answer and its connection`() async throws {
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n\r\n")
      while peer.send(Self.event) {}
      end.yield()
    }
    let answer = try await open(server)
    #expect(try await answer.next() != nil)
    answer.cancel()
    await #expect(throws: CancellationError.self) {
      while try await answer.next() != nil {}
    }
    for await _ in ends { break }
  }

  @Test func `letting go of an answer ends its connection`() async throws {
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n\r\n")
      while peer.send(Self.event) {}
      end.yield()
    }
    let status = try await open(server).status
    #expect(status == 200)
    for await _ in ends { break }
  }

  @Test func `a task that was cancelled before still gets its answer`() async throws {
    let server = try ScriptedServer { peer in
      if peer.readRequest() != nil { peer.answer("kept") }
    }
    let request = OutgoingRequest(method: "GET", url: server.url())
    let client = client
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await client.open(request).collect(upTo: 100)
    }
    #expect(try await task.value == Array("kept".utf8))
  }

  @Test func `many answers stream side by side`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n\r\n")
      for number in 0..<50 { peer.send("\(number);") }
    }
    let expected = Array((0..<50).map { "\($0);" }.joined().utf8)
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<60 {
        group.addTask { try await open(server).collect(upTo: 10_000) }
      }
      for try await body in group { #expect(body == expected) }
    }
  }

  @Test func `a proxy is asked instead of the host`() async throws {
    let proxy = try ScriptedServer { peer in
      if let request = peer.readRequest() { peer.answer(String(request.prefix { $0 != "\r\n" })) }
    }
    var configuration = HTTPClient.Configuration()
    configuration.proxy = proxy.url("")
    let answer = try await HTTPClient(configuration: configuration).send("GET", "http://upstream.invalid/v1/models")
    #expect(answer.body == Array("GET http://upstream.invalid/v1/models HTTP/1.1".utf8))
  }
}

/// A listener whose queue is full, so that the system lets nobody in any more.
private final class FullListener {
  let url: String
  private var sockets: [Int32] = []

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    sockets.append(listener)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    var waiting: [Int32] = []
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = bind(listener, address, size) == 0 && listen(listener, 0) == 0 && getsockname(listener, address, &size) == 0
        for _ in 0..<4 {
          let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
          _ = connect(client, address, size)
          waiting.append(client)
        }
      }
    }
    sockets += waiting
    url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
  }

  deinit {
    for socket in sockets { close(socket) }
  }
}
