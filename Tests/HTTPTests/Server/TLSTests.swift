import Foundation
import Testing
import VerbatimTesting

@testable import HTTP

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
  @Test func `curl speaks TLS with the server`() async throws {
    let certificate = try await TestCertificate.make()
    defer { certificate.remove() }
    try await withServer {
      $0.tlsCertificatePath = certificate.certificatePath
      $0.tlsKeyPath = certificate.keyPath
    } handler: { request in
      let body = try await request.body.collect(upTo: 40 << 20)
      let size = body.isEmpty ? 300_000 : body.count
      return HTTPResponse(
        status: 200, fields: ["X-Secure": "\(request.isSecure)"], body: .bytes([UInt8](repeating: 65, count: size)))
    } test: { server in
      let url = "https://localhost:\(server.port)/"
      let arguments = ["--cacert", certificate.certificatePath, "--resolve", "localhost:\(server.port):127.0.0.1"]
      // Twice on one connection.
      let output = try await run("curl", arguments + ["-si", "-o", "-", "-o", "-", url, url])
      #expect(output.components(separatedBy: "X-Secure: true").count == 3)
      #expect(output.filter { $0 == "A" }.count >= 600_000)
      #expect(server.counters.acceptedConnections == 1)

      let upload = FileManager.default.temporaryDirectory.appending(path: "upload-\(server.port)")
      try Data(count: 8 << 20).write(to: upload)
      defer { try? FileManager.default.removeItem(at: upload) }
      let size = try await run(
        "curl",
        arguments + ["-s", "-o", "/dev/null", "-w", "%{size_download}", "--data-binary", "@\(upload.path)", url])
      #expect(size == "\(8 << 20)")

      let protocols = try await run("curl", arguments + ["-sv", "--http2", "-o", "/dev/null", url])
      #expect(protocols.contains("ALPN: server accepted http/1.1"))
      let old = try await run("curl", arguments + ["-sv", "--tlsv1.0", "--tls-max", "1.1", url])
      #expect(!old.contains("200 OK"))
      // A client without TLS is not answered, and does not disturb.
      let plain = try await server.answer(to: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(plain == nil)
    }
  }

  @Test func `a TLS client that leaves cancels its request`() async throws {
    let certificate = try await TestCertificate.make()
    defer { certificate.remove() }
    let hasStarted = Event<Void>()
    let wasCancelled = Event<Bool>()
    try await withServer {
      $0.tlsCertificatePath = certificate.certificatePath
      $0.tlsKeyPath = certificate.keyPath
      $0.halfClosedTimeout = .milliseconds(50)
    } handler: { _ in
      hasStarted.happened(())
      do {
        try await Task.sleep(for: .seconds(60))
        wasCancelled.happened(false)
      } catch {
        wasCancelled.happened(true)
      }
      return text(200, "")
    } test: { server in
      let client = try ChildProcess("curl", ["-sk", "https://127.0.0.1:\(server.port)/"])
      try await hasStarted.value
      client.send(SIGKILL)
      let cancelled = try await wasCancelled.value
      #expect(cancelled)
    }
  }

  @Test func `a certificate that cannot be used is one clear line`() async throws {
    let certificate = try await TestCertificate.make()
    defer { certificate.remove() }
    let other = try await TestCertificate.make()
    defer { other.remove() }
    let cases: [(String?, String?, String)] = [
      ("/nowhere.pem", certificate.keyPath, "cannot use the TLS certificate /nowhere.pem: "),
      (certificate.certificatePath, "/nowhere.pem", "cannot use the TLS key /nowhere.pem: "),
      (certificate.certificatePath, other.keyPath, "cannot use the TLS key \(other.keyPath): key values mismatch"),
      (certificate.certificatePath, nil, "TLS needs both a certificate and a key"),
    ]
    for (certificatePath, keyPath, line) in cases {
      var configuration = HTTPServer.Configuration()
      configuration.port = 0
      configuration.tlsCertificatePath = certificatePath
      configuration.tlsKeyPath = keyPath
      let error = #expect(throws: ServerError.self) {
        try HTTPServer(configuration: configuration) { _ in
          text(200, "")
        } refusal: {
          text($0.status, "")
        }
      }
      #expect(error?.description.hasPrefix(line) == true, "\(error?.description ?? "")")
    }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct CurlTests {
  @Test(arguments: [
    [], ["--http1.0"], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"], ["-H", "Expect: 100-continue"],
  ]) func `curl uploads and reads what it sent`(options: [String]) async throws {
    try await withServer { request in
      HTTPResponse(
        status: 200,
        body: .bytes(try await request.body.collect(upTo: 8 << 20)))
    } test: { server in
      for size in [0, 1, 2000, 3 << 20] {
        let file = FileManager.default.temporaryDirectory.appending(path: "curl-\(server.port)-\(size)")
        try Data((0..<size).map { UInt8(65 + $0 % 26) }).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try await run(
          "curl", options + ["-s", "--data-binary", "@\(file.path)", "http://127.0.0.1:\(server.port)/"])
        #expect(output.utf8.elementsEqual((0..<size).lazy.map { UInt8(65 + $0 % 26) }), "\(size)")
      }
    }
  }
}

/// A key and a self-signed certificate for localhost.
private struct TestCertificate {
  let certificatePath: String
  let keyPath: String

  static func make() async throws -> Self {
    let base = FileManager.default.temporaryDirectory.appending(path: "verbatim-tls-\(UUID().uuidString)").path
    let made = Self(certificatePath: base + ".pem", keyPath: base + ".key")
    _ = try await run(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost", "-keyout", made.keyPath, "-out", made.certificatePath,
      ])
    return made
  }

  func remove() {
    for path in [certificatePath, keyPath] { try? FileManager.default.removeItem(atPath: path) }
  }
}

/// Runs a program and gives what it wrote to its output and its error output.
private func run(_ program: String, _ arguments: [String]) async throws -> String {
  let pipe = Pipe()
  let writing = pipe.fileHandleForWriting.fileDescriptor
  let process = try ChildProcess(program, arguments, output: writing, errors: writing)
  try pipe.fileHandleForWriting.close()
  let reading = pipe.fileHandleForReading
  let output = try await onThread { try reading.readToEnd() ?? Data() }
  await process.waitForEnding()
  return String(decoding: output, as: UTF8.self)
}
