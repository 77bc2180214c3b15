import Foundation
import Testing

@testable import HTTP

private let getRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite(.timeLimit(.minutes(1)))
struct ConnectionTests {
  @Test(arguments: [
    ("GET / HTTP/1.1\r\n", true), ("GET / HTTP/1.0\r\n", false), ("GET / HTTP/1.1\r\nConnection: close\r\n", false),
    ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n", true),
  ]) func `a connection is kept as the client wishes`(head: String, isKept: Bool) async throws {
    try await withServer(handler: describe) { server in
      let port = server.port
      let answers = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("\(head)Host: a\r\n\r\n\(getRequest)")
        return [try connection.answer()?.status, try connection.answer()?.status]
      }
      #expect(answers == [200, isKept ? 200 : nil])
    }
  }

  @Test(arguments: [
    "GET / HTT", "GET / HTTP/1.1\r\nHost: a\r\nX", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhell",
  ])
  func `a request that stops arriving is answered 408`(beginning: String) async throws {
    try await withServer {
      $0.headTimeout = .milliseconds(100)
      $0.bodyTimeout = .milliseconds(100)
    } handler: {
      try await describe($0)
    } test: { server in
      let port = server.port
      let (status, isClosed) = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(beginning)
        return (try connection.answer()?.status, try connection.isClosedByPeer())
      }
      #expect(status == 408)
      #expect(isClosed)
    }
  }

  @Test func `a body that trickles below the rate is given up`() async throws {
    try await withServer {
      $0.bodyTimeout = .milliseconds(200)
      $0.minimumBodyRate = 1 << 20
    } handler: {
      try await describe($0)
    } test: { server in
      let port = server.port
      let sent = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
        for sent in 0..<60000 {
          Thread.sleep(forTimeInterval: 0.005)
          guard (try? connection.send("x")) != nil else { return sent }
        }
        return 60000
      }
      #expect(sent < 10000)
      #expect(server.counters.refusals == 1)
    }
  }

  @Test func `an idle connection is closed without a word`() async throws {
    try await withServer {
      $0.idleTimeout = .milliseconds(100)
    } handler: {
      try await describe($0)
    } test: { server in
      let port = server.port
      let (first, second) = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(getRequest)
        return (try connection.answer()?.status, try connection.answer()?.status)
      }
      #expect(first == 200)
      #expect(second == nil)
    }
  }

  @Test func `a client that leaves cancels its request`() async throws {
    let hasStarted = Event<Void>()
    let wasCancelled = Event<Bool>()
    try await withServer {
      $0.halfClosedTimeout = .milliseconds(50)
    } handler: { request in
      hasStarted.happened(())
      do {
        try await Task.sleep(for: .seconds(60))
        wasCancelled.happened(false)
      } catch {
        wasCancelled.happened(true)
      }
      return text(200, "")
    } test: { server in
      let port = server.port
      let connection = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(getRequest)
        return SendableBox(connection)
      }
      try await hasStarted.value
      connection.value.closeSending()
      let received = try await wasCancelled.value
      #expect(received)
    }
  }

  @Test func `draining lets requests finish and closes idle connections`() async throws {
    let hasStarted = Event<Void>()
    let goOn = Event<Void>()
    let connections = try await withServer { request in
      if request.path == "/slow" {
        hasStarted.happened(())
        // Not `value`: the server's task is cancelled meanwhile, this one must not be.
        try await goOn.value
      }
      return text(200, "done")
    } test: { server in
      let port = server.port
      let connections = try await onThread {
        let idle = try RawConnection(port: port)
        try idle.send(getRequest)
        _ = try idle.answer()
        let busy = try RawConnection(port: port)
        try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        return SendableBox((idle: idle, busy: busy))
      }
      try await hasStarted.value
      Task.detached {
        // The idle connection's end says that the drain has begun.
        _ = try await onThread { try connections.value.idle.isClosedByPeer() }
        goOn.happened(())
      }
      return connections
    }
    let answer = try await onThread { try connections.value.busy.answer() }
    #expect(answer?.text == "done")
    #expect(answer?.fields["connection"] == "close")
  }

  @Test(arguments: [false, true])
  func `what does not finish in time is cut`(isForced: Bool) async throws {
    let wasCancelled = Event<Bool>()
    let connection = try await withServer {
      $0.drainTimeout = isForced ? .seconds(600) : .milliseconds(100)
    } handler: { _ in
      do { try await Task.sleep(for: .seconds(600)) } catch { wasCancelled.happened(true) }
      return text(200, "too late")
    } test: { server in
      let port = server.port
      let connection = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(getRequest)
        return SendableBox(connection)
      }
      while server.counters.requests == 0 { await Task.yield() }
      if isForced { server.stopNow() }
      return connection
    }
    let received = try await wasCancelled.value
    #expect(received)
    let actual = try await onThread { try connection.value.answer()?.status }
    #expect(actual == nil)
  }

  @Test func `a port in use is one clear line`() async throws {
    try await withServer(handler: describe) { server in
      var configuration = HTTPServer.Configuration()
      configuration.port = server.port
      let error = #expect(throws: ServerError.self) {
        try HTTPServer(configuration: configuration) { _ in
          text(200, "")
        } refusal: {
          text($0.status, "")
        }
      }
      #expect(error?.description == "cannot listen on 127.0.0.1:\(server.port): port in use")
    }
  }

  @Test func `a host that does not exist is one clear line`() throws {
    var configuration = HTTPServer.Configuration()
    configuration.host = "host.invalid"
    let error = #expect(throws: ServerError.self) {
      try HTTPServer(configuration: configuration) { _ in
        text(200, "")
      } refusal: {
        text($0.status, "")
      }
    }
    #expect(error?.description.hasPrefix("cannot find the address host.invalid") == true)
  }

  @Test(arguments: ["127.0.0.1", "localhost", "0.0.0.0", "::"])
  func `a host is an address or a name`(host: String) async throws {
    try await withServer {
      $0.host = host
      $0.loops = 2
    } handler: {
      text(200, $0.peerAddress)
    } test: { server in
      let received = try await server.answer(to: getRequest)?.text
      #expect(received == "127.0.0.1")
    }
  }

  @Test func `past the limit, connections wait for one to close`() async throws {
    try await withServer {
      $0.maximumConnections = 2
      $0.loops = 2
    } handler: {
      try await describe($0)
    } test: { server in
      let port = server.port
      let status = try await onThread {
        var held = [try RawConnection(port: port), try RawConnection(port: port)]
        for connection in held {
          try connection.send(getRequest)
          _ = try connection.answer()
        }
        let waiting = try RawConnection(port: port)
        try waiting.send(getRequest)
        held.removeLast()
        return try waiting.answer()?.status
      }
      #expect(status == 200)
      #expect(server.counters.acceptedConnections == 3)
    }
  }
}
