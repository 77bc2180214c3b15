import Testing

@testable import HTTP

private let host = "Host: example.org\r\n"

@Suite(.timeLimit(.minutes(1)))
struct RequestReadingTests {
  static let malformed: [(name: String, status: Int, bytes: String)] = [
    ("no version", 400, "GET /\r\n\r\n"),
    ("garbage", 400, "\u{16}\u{03}\u{01}\u{02}"),
    ("a space in the target", 400, "GET /a b HTTP/1.1\r\n\(host)\r\n"),
    ("two spaces", 400, "GET  / HTTP/1.1\r\n\(host)\r\n"),
    ("no method", 400, " / HTTP/1.1\r\n\(host)\r\n"),
    ("a later version", 505, "GET / HTTP/1.2\r\n\(host)\r\n"),
    ("another major version", 505, "GET / HTTP/2.0\r\n\(host)\r\n"),
    ("another protocol", 400, "GET / HTTQ/1.1\r\n\(host)\r\n"),
    ("no host", 400, "GET / HTTP/1.1\r\n\r\n"),
    ("two hosts", 400, "GET / HTTP/1.1\r\n\(host)\(host)\r\n"),
    ("two hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\n\(host)\(host)\r\n"),
    ("a host with a user", 400, "GET / HTTP/1.1\r\nHost: me@example.org\r\n\r\n"),
    ("a host with a path", 400, "GET / HTTP/1.1\r\nHost: example.org/x\r\n\r\n"),
    ("a list of hosts", 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    ("a host with an odd port", 400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    ("a target that is a word", 400, "GET word HTTP/1.1\r\n\(host)\r\n"),
    ("an asterisk for GET", 400, "GET * HTTP/1.1\r\n\(host)\r\n"),
    ("an authority for a target", 400, "CONNECT example.org:80 HTTP/1.1\r\n\(host)\r\n"),
    ("another scheme", 400, "GET ftp://example.org/ HTTP/1.1\r\n\(host)\r\n"),
    ("an absolute target without host", 400, "GET http:///x HTTP/1.1\r\n\(host)\r\n"),
    ("an absolute target with a user", 400, "GET http://me@example.org/x HTTP/1.1\r\n\(host)\r\n"),
    ("a fragment", 400, "GET /x#y HTTP/1.1\r\n\(host)\r\n"),
    ("a space before the colon", 400, "GET / HTTP/1.1\r\n\(host)X : y\r\n\r\n"),
    ("no colon", 400, "GET / HTTP/1.1\r\n\(host)X\r\n\r\n"),
    ("an empty name", 400, "GET / HTTP/1.1\r\n\(host): y\r\n\r\n"),
    ("an odd name", 400, "GET / HTTP/1.1\r\n\(host)X(y): z\r\n\r\n"),
    ("a folded line", 400, "GET / HTTP/1.1\r\n\(host)X: y\r\n z\r\n\r\n"),
    ("a space before the first field", 400, "GET / HTTP/1.1\r\n \(host)\r\n"),
    ("NUL in a value", 400, "GET / HTTP/1.1\r\n\(host)X: a\0b\r\n\r\n"),
    ("NUL in the target", 400, "GET /\0 HTTP/1.1\r\n\(host)\r\n"),
    ("DEL in a value", 400, "GET / HTTP/1.1\r\n\(host)X: \u{7F}\r\n\r\n"),
    ("LF alone", 400, "GET / HTTP/1.1\n\(host)\r\n"),
    ("LF alone in a value", 400, "GET / HTTP/1.1\r\n\(host)X: a\nY: b\r\n\r\n"),
    ("CR alone in a value", 400, "GET / HTTP/1.1\r\n\(host)X: a\rY: b\r\n\r\n"),
    ("CR twice", 400, "GET / HTTP/1.1\r\r\n\(host)\r\n"),
    ("both lengths", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    (
      "both, turned round", 400,
      "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    ),
    ("two lengths", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ("a length repeated", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    ("a list of lengths", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: 5, 5\r\n\r\nhello"),
    ("a signed length", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: +5\r\n\r\nhello"),
    ("a negative length", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: -5\r\n\r\nhello"),
    ("a hexadecimal length", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: 0x5\r\n\r\nhello"),
    ("an empty length", 400, "POST / HTTP/1.1\r\n\(host)Content-Length:\r\n\r\n"),
    ("a length past 64 bits", 400, "POST / HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n"),
    ("a length past the limit", 413, "POST / HTTP/1.1\r\n\(host)Content-Length: 999999999\r\n\r\n"),
    ("another coding", 501, "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip\r\n\r\n"),
    ("two codings", 501, "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n"),
    ("a coding that looks like chunked", 501, "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: xchunked\r\n\r\n"),
    ("identity", 501, "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: identity\r\n\r\n"),
    ("an empty coding", 501, "POST / HTTP/1.1\r\n\(host)Transfer-Encoding:\r\n\r\n"),
    (
      "chunked twice", 400, "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    ("chunked in HTTP/1.0", 400, "POST / HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("another expectation", 417, "POST / HTTP/1.1\r\n\(host)Expect: tea\r\nContent-Length: 1\r\n\r\n"),
    ("a chunk size that is no number", 400, chunked("xyz\r\n")),
    ("a signed chunk size", 400, chunked("+5\r\nhello\r\n0\r\n\r\n")),
    ("a chunk size past 64 bits", 400, chunked("11111111111111111\r\n")),
    ("a chunk past the limit", 413, chunked("7fffffff\r\n")),
    ("a chunk without its line end", 400, chunked("5\r\nhelloX\r\n0\r\n\r\n")),
    ("a chunk line that ends with LF", 400, chunked("5\nhello\r\n0\r\n\r\n")),
    ("a long chunk extension", 400, chunked("5;x=\(String(repeating: "y", count: 5000))\r\nhello\r\n0\r\n\r\n")),
    ("a quoted extension over the line's end", 400, chunked("5;x=\"\r\n\"\r\nhello\r\n0\r\n\r\n")),
    ("a folded trailer", 400, chunked("0\r\nX: y\r\n z\r\n\r\n")),
    ("long trailers", 400, chunked("0\r\nX: \(String(repeating: "y", count: 5000))\r\n\r\n")),
    ("a length in a trailer", 400, chunked("0\r\nContent-Length: 5\r\n\r\n")),
    ("a long head", 431, "GET / HTTP/1.1\r\n\(host)X: \(String(repeating: "y", count: 17000))\r\n\r\n"),
    ("an endless line", 431, "GET /\(String(repeating: "y", count: 20000))"),
    ("many fields", 431, "GET / HTTP/1.1\r\n\(host)\(String(repeating: "X: y\r\n", count: 100))\r\n"),
  ]

  private static func chunked(_ body: String) -> String {
    "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n\(body)"
  }

  @Test func `what is malformed is refused, and the connection closed`() async throws {
    try await withServer(handler: describe) { server in
      for (name, status, bytes) in Self.malformed {
        let port = server.port
        let (answer, isClosed) = try await onThread {
          let connection = try RawConnection(port: port)
          try connection.send(bytes)
          return (try connection.answer(), try connection.isClosedByPeer())
        }
        #expect(answer?.status == status, "\(name)")
        #expect(answer?.fields["connection"] == "close", "\(name)")
        #expect(isClosed, "\(name)")
      }
      #expect(server.counters.requests == 0)
      #expect(server.counters.refusals == Self.malformed.count)
    }
  }

  static let wellFormed: [(bytes: String, answer: String)] = [
    ("GET /a?b=c HTTP/1.1\r\n\(host)\r\n", "GET /a?b=c []"),
    ("GET /a? HTTP/1.1\r\n\(host)\r\n", "GET /a? []"),
    ("\r\nGET / HTTP/1.1\r\n\(host)\r\n", "GET / []"),
    ("GET / HTTP/1.0\r\n\r\n", "GET / []"),
    ("GET /会话 HTTP/1.1\r\nHost:\r\nX:\r\n\r\n", "GET /会话 []"),
    ("GET http://example.org HTTP/1.1\r\n\(host)\r\n", "GET / []"),
    ("GET HTTP://example.org:80?q HTTP/1.1\r\n\(host)\r\n", "GET /?q []"),
    ("GET https://[::1]:80/x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET /x []"),
    ("OPTIONS * HTTP/1.1\r\n\(host)\r\n", "OPTIONS * []"),
    ("POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhello", "POST / [hello]"),
    ("POST / HTTP/1.1\r\n\(host)Content-Length: 0\r\n\r\n", "POST / []"),
    (chunked("5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\n\r\n"), "POST / [hello world]"),
    (chunked("0\r\n\r\n"), "POST / []"),
    (chunked("A\r\n0123456789\r\n000\r\nX-Trailer: y\r\nHost: other\r\n\r\n"), "POST / [0123456789]"),
    ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "POST / [a]"),
  ]

  @Test(arguments: wellFormed) func `a request cut at any byte is the same request`(
    bytes: String, expected: String
  ) async throws {
    try await withServer(handler: describe) { server in
      let port = server.port
      let answers = try await onThread {
        let bytes = Array(bytes.utf8)
        return try (0..<bytes.count).map { cut in
          let connection = try RawConnection(port: port)
          try connection.send(Array(bytes[..<cut]))
          try connection.send(Array(bytes[cut...]))
          return try connection.answer()?.text
        }
      }
      #expect(answers.allSatisfy { $0 == expected }, "\(answers)")
    }
  }

  @Test func `the target must be UTF-8`() async throws {
    try await withServer(handler: describe) { server in
      let port = server.port
      let status = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(Array("GET /".utf8) + [0xFF] + Array(" HTTP/1.1\r\n\(host)\r\n".utf8))
        return try connection.answer()?.status
      }
      #expect(status == 400)
    }
  }

  @Test func `trailers never pass for fields`() async throws {
    try await withServer { request in
      _ = try await request.body.collect(upTo: 100)
      return text(200, request.fields["X-Trailer"] ?? "none")
    } test: { server in
      let answer = try await server.answer(to: Self.chunked("0\r\nX-Trailer: y\r\n\r\n"))
      #expect(answer?.text == "none")
    }
  }

  @Test func `fields are found without regard to case, in order, and repeated`() async throws {
    try await withServer { request in
      text(200, "\(request.fields["x-one"] ?? "") \(request.fields.values(of: "X-Many")) \(request.peerAddress)")
    } test: { server in
      let request = "GET / HTTP/1.1\r\n\(host)X-ONE:  1 \r\nX-Many: a\r\nx-many: b\r\n\r\n"
      let answer = try await server.answer(to: request)
      #expect(answer?.text == #"1 ["a", "b"] 127.0.0.1"#)
    }
  }

  @Test func `pipelined requests are answered in order`() async throws {
    try await withServer(handler: describe) { server in
      let port = server.port
      let count = 2000
      let texts = try await onThread {
        let connection = try RawConnection(port: port)
        var requests = ""
        for index in 0..<count {
          requests += "POST /\(index) HTTP/1.1\r\n\(host)Content-Length: 2\r\n\r\nhi"
        }
        let bytes = requests
        try connection.send(bytes)
        return try (0..<count).map { _ in try connection.answer()?.text }
      }
      #expect(texts == (0..<count).map { "POST /\($0) [hi]" })
    }
  }

  @Test func `a client that has closed its sending side still gets its answers`() async throws {
    try await withServer(handler: describe) { server in
      let port = server.port
      let texts = try await onThread {
        let connection = try RawConnection(port: port)
        try connection.send(String(repeating: "GET / HTTP/1.1\r\n\(host)\r\n", count: 3))
        connection.closeSending()
        return try (0..<4).map { _ in try connection.answer()?.text }
      }
      #expect(texts == ["GET / []", "GET / []", "GET / []", nil])
    }
  }
}
