import Testing

@testable import HTTP

private let getRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite(.timeLimit(.minutes(1)))
struct AnswerTests {
  @Test func `HEAD has the fields of GET and no body`() async throws {
    try await withServer { _ in
      text(200, "hello")
    } test: { server in
      let port = server.port
      let (head, next) = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try connection.answer(toHead: true)
        try connection.send(getRequest)
        return (head, try connection.answer())
      }
      #expect(head?.fields["content-length"] == "5")
      // Which fields; a second may lie between the two dates.
      #expect(head?.fields.keys.sorted() == next?.fields.keys.sorted())
      #expect(next?.text == "hello")
    }
  }

  @Test(arguments: [204, 304]) func `some answers have neither body nor length`(status: Int) async throws {
    try await withServer { _ in
      text(status, "not for you")
    } test: { server in
      let port = server.port
      let answers = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(getRequest + getRequest)
        return [try connection.answer(), try connection.answer()]
      }
      for answer in answers {
        #expect(answer?.status == status)
        #expect(answer?.fields["content-length"] == nil)
      }
    }
  }

  @Test func `an answer may be larger than any buffer`() async throws {
    let size = 10 << 20
    try await withServer { _ in
      HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 65, count: size)))
    } test: { server in
      let answer = try await server.answer(to: getRequest)
      #expect(answer?.fields["content-length"] == "\(size)")
      #expect(answer?.body.count == size)
      let head = try await server.answer(to: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(head?.fields["content-length"] == "\(size)")
    }
  }

  @Test func `fields that would break the answer apart are not sent`() async throws {
    for (name, value) in [("X", "a\r\nSet-Cookie: b"), ("X", "a\nb"), ("X", "a\0b"), ("X: y\r\nZ", "b"), ("", "x")] {
      try await withServer { _ in
        HTTPResponse(status: 200, fields: [name: value])
      } test: { server in
        let answer = try await server.answer(to: getRequest)
        #expect(answer?.status == 500)
        #expect(answer?.fields["set-cookie"] == nil)
      }
    }
  }

  @Test func `framing belongs to the server`() async throws {
    try await withServer { _ in
      HTTPResponse(
        status: 200, fields: ["Content-Length": "1", "Transfer-Encoding": "gzip", "Connection": "close"],
        body: .bytes(Array("hello".utf8)))
    } test: { server in
      let answer = try await server.answer(to: getRequest)
      #expect(answer?.text == "hello")
      #expect(answer?.fields["transfer-encoding"] == nil)
      #expect(answer?.fields["connection"] == "close")
    }
  }

  @Test func `a stream is chunked, and the connection goes on`() async throws {
    try await withServer { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in for index in 0..<100 { try await writer.write(Array("\(index) ".utf8)) } })
    } test: { server in
      let port = server.port
      let answers = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(getRequest + getRequest)
        return [try connection.answer(), try connection.answer()]
      }
      let expected = (0..<100).map { "\($0) " }.joined()
      #expect(answers.map { $0?.text } == [expected, expected])
      #expect(answers.allSatisfy { $0?.isWhole == true })
      let received = try await server.answer(to: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")?.body
      #expect(received == [])
      let old = try await server.answer(to: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(old?.text == expected)
      #expect(old?.fields["connection"] == "close")
      #expect(old?.fields["transfer-encoding"] == nil)
    }
  }

  @Test func `an empty write sends the head alone`() async throws {
    let headArrived = Event<Void>()
    try await withServer { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try await writer.write([])
          try await headArrived.value
          try await writer.write(Array("late".utf8))
        })
    } test: { server in
      let port = server.port
      let (head, rest) = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(getRequest)
        let head = try connection.answer(toHead: true)
        headArrived.happened(())
        return (head?.status, try connection.rest())
      }
      #expect(head == 200)
      #expect(rest.contains("late"))
    }
  }

  @Test func `a stream that fails midway is cut`() async throws {
    try await withServer { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try await writer.write(Array("begun".utf8))
          throw HTTPError.tooSlow
        })
    } test: { server in
      let isWhole = try await server.answer(to: getRequest)?.isWhole
      #expect(isWhole == false)
    }
  }

  @Test func `a stream that fails before its first byte is answered instead`() async throws {
    try await withServer { _ in
      HTTPResponse(status: 200, body: .stream { _ in throw HTTPError.bodyTooLarge(limit: 5) })
    } test: { server in
      let status = try await server.answer(to: getRequest)?.status
      #expect(status == 413)
    }
  }

  @Test func `a stream stops where its reader does`() async throws {
    let written = Count()
    let ended = Event<Bool>()
    try await withServer {
      $0.writeTimeout = .milliseconds(300)
    } handler: { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          let part = [UInt8](repeating: 65, count: 1 << 16)
          do {
            for _ in 0..<1024 {
              try await writer.write(part)
              written.add(part.count)
            }
            ended.happened(true)
          } catch {
            ended.happened(false)
            throw error
          }
        })
    } test: { server in
      let port = server.port
      let connection = try await onThread {
        let connection = try RawConnection(port: port, receiveBuffer: 4096)
        try connection.send(getRequest)
        return SendableBox(connection)
      }
      let received = try await ended.value
      #expect(received == false)
      #expect(written.value < 16 << 20)
      withExtendedLifetime(connection) {}
    }
  }

  @Test func `a request body may be answered while it arrives`() async throws {
    try await withServer { request in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          while let part = try await request.body.next() { try await writer.write(Array(part)) }
        })
    } test: { server in
      let port = server.port
      let size = 1 << 20
      let count = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
        try connection.send([UInt8](repeating: 65, count: size))
        return try connection.answer()?.body.count
      }
      #expect(count == size)
    }
  }
}
