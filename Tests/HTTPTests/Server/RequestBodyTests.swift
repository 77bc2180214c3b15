import Testing

@testable import HTTP

private let postHead = "POST / HTTP/1.1\r\nHost: a\r\n"

@Suite(.timeLimit(.minutes(1)))
struct RequestBodyTests {
  @Test(arguments: [0, 1, 64 << 10, (64 << 10) + 1, 300_000])
  func `a collected body has room behind it, whatever its size`(size: Int) async throws {
    try await withServer { request in
      let body = try await request.body.collect(upTo: 1 << 20)
      return text(
        200, "\(body.count) \(body.capacity - body.count >= RequestBody.padding) \(body.allSatisfy { $0 == 65 })")
    } test: { server in
      let body = String(repeating: "A", count: size)
      let answer = try await server.answer(to: "\(postHead)Content-Length: \(size)\r\n\r\n\(body)")
      #expect(answer?.text == "\(size) true true")
    }
  }

  @Test func `a large body arrives in bounded parts`() async throws {
    let size = 32 << 20
    try await withServer { request in
      var total = 0
      var longest = 0
      while let part = try await request.body.next() {
        total += part.count
        longest = max(longest, part.count)
      }
      return text(200, "\(total) \(longest <= (256 << 10) + (64 << 10))")
    } test: { server in
      let port = server.port
      for framing in ["Content-Length: \(size)\r\n", "Transfer-Encoding: chunked\r\n"] {
        let answer = try await onThread {
          let connection = try RawConnection(port: port)
          try connection.send("\(postHead)\(framing)\r\n")
          let part = [UInt8](repeating: 65, count: 1 << 20)
          for _ in 0..<32 {
            if framing.hasPrefix("Content") {
              try connection.send(part)
            } else {
              try connection.send(Array("100000\r\n".utf8) + part + Array("\r\n".utf8))
            }
          }
          if !framing.hasPrefix("Content") { try connection.send("0\r\n\r\n") }
          return try connection.answer()?.text
        }
        #expect(answer == "\(size) true")
      }
    }
  }

  @Test func `a body waits in the client while its handler does not read`() async throws {
    let sent = Count()
    let release = Event<Void>()
    let isStarted = Event<Void>()
    try await withServer {
      $0.bodyTimeout = .milliseconds(200)
      $0.bodyBufferSize = 64 << 10
    } handler: { request in
      isStarted.happened(())
      try await release.value
      var total = 0
      while let part = try await request.body.next() { total += part.count }
      return text(200, "\(total)")
    } test: { server in
      let port = server.port
      let sending = Task {
        try await onThread {
          let connection = try RawConnection(port: port)
          try connection.send("\(postHead)Content-Length: \(30 << 20)\r\n\r\n")
          for _ in 0..<30 {
            try connection.send([UInt8](repeating: 65, count: 1 << 20))
            sent.add(1 << 20)
          }
          return try connection.answer()?.text
        }
      }
      try await isStarted.value
      // Longer than the body's time-out, which must not count while the handler is the slow one.
      try await Task.sleep(for: .seconds(1))
      #expect(sent.value < 20 << 20)
      release.happened(())
      let received = try await sending.value
      #expect(received == "\(30 << 20)")
    }
  }

  @Test func `the client is asked to continue when the handler reads, and not before`() async throws {
    let goOn = Event<Void>()
    try await withServer { request in
      try await goOn.value
      return try await describe(request)
    } test: { server in
      let port = server.port
      let (first, second) = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("\(postHead)Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        goOn.happened(())
        let first = try connection.answer()
        try connection.send("hello")
        return (first?.status, try connection.answer()?.text)
      }
      #expect(first == 100)
      #expect(second == "POST / [hello]")
    }
  }

  @Test func `an answer instead of continuing ends the connection`() async throws {
    try await withServer { _ in
      text(401, "no")
    } test: { server in
      let port = server.port
      let (answer, isClosed) = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("\(postHead)Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        return (try connection.answer(), try connection.isClosedByPeer())
      }
      #expect(answer?.status == 401)
      #expect(answer?.fields["connection"] == "close")
      #expect(isClosed)
    }
  }

  @Test func `a body that came with its expectation is not asked for again`() async throws {
    try await withServer(handler: describe) { server in
      let answer = try await server.answer(
        to: "\(postHead)Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
      #expect(answer?.text == "POST / [hello]")
    }
  }

  @Test func `a short rest of an unread body is dropped and the connection goes on`() async throws {
    try await withServer {
      $0.smallBodySize = 10
    } handler: { request in
      text(200, request.method)
    } test: { server in
      let port = server.port
      let texts = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("\(postHead)Content-Length: 1000\r\n\r\n")
        let first = try connection.answer()?.text
        try connection.send(String(repeating: "x", count: 1000) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return [first, try connection.answer()?.text]
      }
      #expect(texts == ["POST", "GET"])
    }
  }

  @Test func `an answer reaches a client that is still sending`() async throws {
    try await withServer { _ in
      text(401, "no")
    } test: { server in
      let port = server.port
      let answer = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("\(postHead)Content-Length: \(16 << 20)\r\n\r\n")
        try connection.send([UInt8](repeating: 65, count: 16 << 20))
        return try connection.answer()
      }
      #expect(answer?.status == 401)
      #expect(answer?.fields["connection"] == "close")
    }
  }

  @Test func `a chunked body past its limit fails the handler that reads it`() async throws {
    try await expectError(.bodyTooLarge(limit: 100_000)) {
      $0.maximumBodySize = 100_000
    } send: { connection in
      for _ in 0..<3 { try connection.send("8000\r\n\(String(repeating: "x", count: 0x8000))\r\n") }
      try connection.send("8000\r\n")
    }
  }

  @Test func `broken chunks fail the handler that reads them`() async throws {
    try await expectError(.badBody("The body's chunks are malformed.")) { _ in
    } send: { connection in
      for _ in 0..<3 { try connection.send("8000\r\n\(String(repeating: "x", count: 0x8000))\r\n") }
      try connection.send("nonsense\r\n")
    }
  }

  @Test func `a body that stops arriving fails the handler that reads it`() async throws {
    try await expectError(.tooSlow) {
      $0.bodyTimeout = .milliseconds(100)
    } send: { connection in
      for _ in 0..<3 { try connection.send("8000\r\n\(String(repeating: "x", count: 0x8000))\r\n") }
    }
  }

  /// Sends a chunked body once its handler reads, and looks at what it throws; its answer must arrive, and the
  /// connection end.
  private func expectError(
    _ expected: HTTPError, _ configure: (inout HTTPServer.Configuration) -> Void,
    send: @escaping @Sendable (RawConnection) throws -> Void
  ) async throws {
    let thrown = Event<HTTPError?>()
    try await withServer(configure) { request in
      do {
        _ = try await request.body.collect(upTo: 1 << 20)
        thrown.happened(nil)
      } catch {
        thrown.happened(error as? HTTPError)
      }
      return text(499, "failed")
    } test: { server in
      let port = server.port
      let (answer, isClosed) = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("\(postHead)Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
        _ = try connection.answer()
        try send(connection)
        return (try connection.answer(), try connection.isClosedByPeer())
      }
      let received = try await thrown.value
      #expect(received == expected)
      #expect(answer?.status == 499)
      #expect(isClosed)
    }
  }

  @Test func `a client that leaves in the midst of its body fails the handler`() async throws {
    let thrown = Event<HTTPError?>()
    try await withServer { request in
      do {
        while try await request.body.next() != nil {}
        thrown.happened(nil)
      } catch {
        thrown.happened(error as? HTTPError ?? .badBody("\(error)"))
      }
      return text(200, "")
    } test: { server in
      let port = server.port
      try await onThread {
        try RawConnection(port: port).send(
          "\(postHead)Content-Length: 200000\r\n\r\n\(String(repeating: "x", count: 100_000))")
      }
      let actual = try await thrown.value
      #expect(actual == .peerGone)
    }
  }

  @Test func `cancelling a read leaves the connection in order`() async throws {
    try await withServer { request in
      // The second request has no body to wait for.
      if request.fields["Expect"] == nil { return text(200, "") }
      let reading = Task { try await request.body.next() }
      reading.cancel()
      let result = await reading.result
      guard case .failure(let error) = result else { return text(500, "not cancelled") }
      return text(error is CancellationError ? 200 : 500, "")
    } test: { server in
      let port = server.port
      let answers = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("\(postHead)Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        let first = [try connection.answer()?.status, try connection.answer()?.status]
        try connection.send("hello\(postHead)Content-Length: 0\r\n\r\n")
        return first + [try connection.answer()?.status]
      }
      #expect(answers == [100, 200, 200])
    }
  }
}
