import Foundation
import Testing
import VerbatimTesting

@testable import HTTP

/// A TLS server of OpenSSL's command, with a certificate for `localhost` that only it itself vouches for.
private final class OpenSSLServer {
  let port: Int
  let certificatePath: String
  private let folder: URL
  private let process: ChildProcess

  init() async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "http-client-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificatePath = folder.appending(path: "certificate.pem").path
    let keyPath = folder.appending(path: "key.pem").path
    let making = try ChildProcess(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", keyPath, "-out",
        certificatePath,
      ])
    let ending = await making.waitForEnding()
    try #require(ending == .cleanExit)

    let output = Pipe()
    process = try ChildProcess(
      "openssl", ["s_server", "-accept", "127.0.0.1:0", "-cert", certificatePath, "-key", keyPath, "-www"],
      output: output.fileHandleForWriting.fileDescriptor)
    try output.fileHandleForWriting.close()
    var text = ""
    var port: Int?
    while port == nil {
      let part = output.fileHandleForReading.availableData
      try #require(!part.isEmpty, "openssl ended: \(text)")
      text += String(decoding: part, as: UTF8.self)
      // A whole line: ACCEPT 127.0.0.1:40123
      port = text.firstMatch(of: /ACCEPT [\d.]+:(\d+)\n/).flatMap { Int($0.output.1) }
    }
    self.port = try #require(port)
  }

  func stop() async throws {
    process.send(SIGTERM)
    await process.waitForEnding()
    try FileManager.default.removeItem(at: folder)
  }
}

struct HTTPClientTLSTests {
  @Test func `a certificate is taken only from an authority, and only for its name`() async throws {
    let server = try await OpenSSLServer()
    var configuration = HTTPClient.Configuration()
    configuration.certificateAuthoritiesPath = server.certificatePath
    let trusting = HTTPClient(configuration: configuration)

    let answer = try await trusting.send("GET", "https://localhost:\(server.port)/")
    #expect(answer.status == 200)
    #expect(!answer.body.isEmpty)
    #expect(await failure(trusting, "https://127.0.0.1:\(server.port)/") == .tls)
    #expect(await failure(HTTPClient(), "https://localhost:\(server.port)/") == .tls)
    try await server.stop()
  }

  private func failure(_ client: HTTPClient, _ url: String) async -> HTTPClientError.Kind? {
    do {
      _ = try await client.send("GET", url)
      return nil
    } catch {
      return (error as? HTTPClientError)?.kind
    }
  }
}
