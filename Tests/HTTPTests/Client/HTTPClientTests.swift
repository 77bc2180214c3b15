import Foundation
import Synchronization
import Testing
import VerbatimTesting

@testable import HTTP

struct HTTPClientTests {
  private let client = HTTPClient()

  /// The kind of error that a request ends with.
  private func failure(_ url: String, method: String = "GET", limit: Int = 1 << 20, timeout: Duration = .seconds(20))
    async throws -> HTTPClientError.Kind?
  {
    do {
      _ = try await client.send(method, url, limit: limit, timeout: timeout)
      return nil
    } catch let error as HTTPClientError {
      return error.kind
    }
  }

  @Test func `status, fields and body of an answer come back`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 103 Early Hints\r\nLink: </early>\r\n\r\n")
      peer.send("HTTP/1.1 418 No\r\nA: 1\r\nb:  two words \r\nA: 3\r\nContent-Length: 5\r\n\r\n\0天\n")
    }
    let answer = try await client.send("GET", server.url())
    #expect(answer.status == 418)
    #expect(answer.fields.values(of: "a") == ["1", "3"])
    #expect(answer.fields["B"] == "two words")
    #expect(answer.fields["Link"] == nil, "of the answer before the answer")
    #expect(answer.body == Array("\0天\n".utf8))
  }

  @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "REPORT"])
  func `a request is sent as asked for`(method: String) async throws {
    let server = try ScriptedServer { peer in
      while let request = peer.readRequest() { peer.answer(request) }
    }
    let body = Array("{\"a\":\"\0天\"}".utf8)
    let answer = try await client.send(
      method, server.url("/p/%2F?q=1"), fields: ["X-A": "1", "X-Empty": "", "Content-Type": "application/json"],
      body: body)
    let request = String(decoding: answer.body, as: UTF8.self)
    let (head, sent) = try #require(
      request.firstRange(of: "\r\n\r\n").map { (request[..<$0.lowerBound], request[$0.upperBound...]) })
    let lines = head.split(separator: "\r\n").map(String.init)
    #expect(lines.first == "\(method) /p/%2F?q=1 HTTP/1.1")
    #expect(Array(sent.utf8) == body)
    let fields = Set(lines.dropFirst())
    #expect(fields.isSuperset(of: ["X-A: 1", "X-Empty:", "Content-Type: application/json", "User-Agent: verbatim"]))
    #expect(fields.contains("Content-Length: \(body.count)"))
  }

  @Test(arguments: [("GET", false), ("DELETE", false), ("POST", true), ("PUT", true)])
  func `without a body nothing is made up`(method: String, hasLength: Bool) async throws {
    let server = try ScriptedServer { peer in
      while let request = peer.readRequest() { peer.answer(request) }
    }
    let answer = try await client.send(method, server.url())
    let request = String(decoding: answer.body, as: UTF8.self)
    #expect(request.hasPrefix("\(method) / HTTP/1.1\r\n"))
    #expect(!request.contains("Content-Type"))
    #expect(request.contains("Content-Length: 0\r\n") == hasLength)
  }

  @Test func `a large body is sent without waiting for leave`() async throws {
    let server = try ScriptedServer { peer in
      while let request = peer.readRequest() {
        peer.answer("\(request.contains("Expect:")) \(request.utf8.count { $0 == UInt8(ascii: "x") })")
      }
    }
    let answer = try await client.send(
      "POST", server.url(), body: [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20))
    #expect(String(decoding: answer.body, as: UTF8.self) == "false \(3 << 20)")
  }

  @Test func `a HEAD request ends with the head`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
      peer.waitForEnd()
    }
    let answer = try await client.send("HEAD", server.url())
    #expect(answer.fields["Content-Length"] == "1000")
    #expect(answer.body == [])
  }

  @Test func `chunked answers are put together`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n")
    }
    let answer = try await client.send("GET", server.url())
    #expect(answer.body == Array("abcde".utf8))
    #expect(answer.fields["Trailer"] == nil)
  }

  @Test func `a connection is used again`() async throws {
    let server = try ScriptedServer { peer in
      while peer.readRequest() != nil { peer.answer("ok") }
    }
    for _ in 0..<20 { _ = try await client.send("GET", server.url()) }
    #expect(server.connectionCount == 1)
  }

  @Test func `a kept connection that has gone is replaced`() async throws {
    let server = try ScriptedServer { peer in
      if peer.readRequest() != nil { peer.answer("ok") }
    }
    for _ in 0..<10 {
      let answer = try await client.send("POST", server.url(), body: [1, 2, 3])
      #expect(answer.status == 200)
    }
  }

  @Test func `many requests run side by side`() async throws {
    let server = try ScriptedServer { peer in
      while let request = peer.readRequest() { peer.answer(String(request.prefix { $0 != "\r\n" })) }
    }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          let answer = try await client.send("GET", server.url("/\(number)"))
          return answer.body == Array("GET /\(number) HTTP/1.1".utf8)
        }
      }
      for try await isOwn in group { #expect(isOwn) }
    }
  }

  @Test func `redirects are not followed`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    }
    let answer = try await client.send("GET", server.url())
    #expect(answer.status == 302)
  }

  @Test func `nobody listening is cannotConnect`() async throws {
    let url = try ScriptedServer { _ in }.url()
    #expect(try await failure(url) == .cannotConnect)
    #expect(try await failure("http://no-such-host.invalid/") == .cannotConnect)
  }

  @Test func `an answer that does not come is timedOut`() async throws {
    let server = try ScriptedServer { $0.waitForEnd() }
    #expect(try await failure(server.url(), timeout: .milliseconds(100)) == .timedOut)
  }

  @Test func `an answer that stops half way is timedOut`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")
      peer.waitForEnd()
    }
    #expect(try await failure(server.url(), timeout: .milliseconds(200)) == .timedOut)
  }

  @Test(arguments: [
    "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", "SSH-2.0-OpenSSH_9\r\n", "HTTP/0.9 whatever", "\0\0\0\0",
  ])
  func `an answer that is cut off or no HTTP is broken`(answer: String) async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send(answer)
    }
    #expect(try await failure(server.url()) == .broken)
  }

  @Test(arguments: ["Content-Length: 1000001\r\n", "Transfer-Encoding: chunked\r\n", ""])
  func `an answer beyond the limit is tooLarge`(framing: String) async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n\(framing)\r\n")
      let part = String(repeating: "x", count: 1000)
      while peer.send(framing.hasPrefix("T") ? "3e8\r\n\(part)\r\n" : part) {}
    }
    #expect(try await failure(server.url(), limit: 1_000_000) == .tooLarge)
  }

  @Test func `an answer as large as the limit is taken`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.answer("abcd")
    }
    #expect(try await client.send("GET", server.url(), limit: 4).body.count == 4)
  }

  @Test func `endless fields are broken`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\n")
      while peer.send("X: " + String(repeating: "y", count: 1000) + "\r\n") {}
    }
    #expect(try await failure(server.url()) == .broken)
  }

  @Test(arguments: [
    ("GET", "file:///etc/passwd"), ("GET", "127.0.0.1/"), ("GET", "ftp://127.0.0.1/"), ("GET", ""), ("GET", "http://"),
    ("GET", "http://127.0.0.1/a b"), ("GET", "http://127.0.0.1/\r\nX: y"), ("GET", "http://127.0.0.1/\0"),
    ("G T", "http://127.0.0.1/"), ("", "http://127.0.0.1/"), ("GET\r\nX:", "http://127.0.0.1/"),
  ])
  func `a URL or method that cannot be sent is invalidRequest`(method: String, url: String) async throws {
    #expect(try await failure(url, method: method) == .invalidRequest)
  }

  @Test(arguments: [("A", "b\r\nC: d"), ("A", "b\nc"), ("A", "b\0"), ("A\r\nB", "c"), ("A B", "c"), ("", "c")])
  func `a field that would end early is invalidRequest`(name: String, value: String) async throws {
    await #expect(throws: HTTPClientError(.invalidRequest, "a field has characters that cannot be sent")) {
      _ = try await client.send("GET", "http://127.0.0.1:1/", fields: [name: value])
    }
  }

  @Test func `TLS with one who speaks none is tls`() async throws {
    let server = try ScriptedServer { peer in
      _ = peer.read()
      peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
    }
    #expect(try await failure(server.url().replacing("http:", with: "https:")) == .tls)
  }

  @Test func `cancelling the task ends the transfer`() async throws {
    let (arrivals, arrival) = AsyncStream<Void>.makeStream()
    let (departures, departure) = AsyncStream<Void>.makeStream()
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      arrival.yield()
      peer.waitForEnd()
      departure.yield()
    }
    let sending = Task { try await client.send("GET", server.url(), timeout: .seconds(600)).status }
    for await _ in arrivals { break }
    sending.cancel()
    await #expect(throws: CancellationError.self) { _ = try await sending.value }
    for await _ in departures { break }
  }

  @Test func `a cancelled task sends nothing`() async throws {
    let server = try ScriptedServer { $0.answer("never") }
    let sending = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await client.send("GET", server.url()).status
    }
    await #expect(throws: CancellationError.self) { _ = try await sending.value }
    #expect(server.connectionCount == 0)
  }

  @Test func `a client that is dropped finishes what it sends`() async throws {
    let (departures, departure) = AsyncStream<Void>.makeStream()
    let server = try ScriptedServer { peer in
      _ = peer.readRequest()
      peer.answer("ok")
      peer.waitForEnd()
      departure.yield()
    }
    let answer = try await HTTPClient().send("GET", server.url())
    #expect(answer.body == Array("ok".utf8))
    // Its connections are closed with it.
    for await _ in departures { break }
  }
}
