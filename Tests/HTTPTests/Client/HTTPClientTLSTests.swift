import Foundation
import Testing

@testable import HTTP

/// A TLS server of OpenSSL's command, with a certificate for `localhost` that only it itself vouches for.
private final class OpenSSLServer {
  let port: Int
  let certificatePath: String
  private let folder: URL
  private let process: Process

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "http-client-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificatePath = folder.appending(path: "certificate.pem").path
    let keyPath = folder.appending(path: "key.pem").path
    let making = try Self.openSSL([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
      "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", keyPath, "-out", certificatePath,
    ])
    making.waitUntilExit()
    try #require(making.terminationStatus == 0)

    let output = Pipe()
    process = try Self.openSSL(
      ["s_server", "-accept", "127.0.0.1:0", "-cert", certificatePath, "-key", keyPath, "-www"], output: output)
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

  func stop() throws {
    // SIGTERM would not do: a child of the pool's threads inherits that they block it.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try FileManager.default.removeItem(at: folder)
  }

  private static func openSSL(_ arguments: [String], output: Any = FileHandle.nullDevice) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }
}

struct HTTPClientTLSTests {
  @Test func `a certificate is taken only from an authority, and only for its name`() async throws {
    let server = try OpenSSLServer()
    defer { #expect(throws: Never.self) { try server.stop() } }
    var configuration = HTTPClient.Configuration()
    configuration.certificateAuthoritiesPath = server.certificatePath
    let trusting = HTTPClient(configuration: configuration)

    let answer = try await trusting.send("GET", "https://localhost:\(server.port)/")
    #expect(answer.status == 200)
    #expect(!answer.body.isEmpty)
    #expect(await failure(trusting, "https://127.0.0.1:\(server.port)/") == .tls)
    #expect(await failure(HTTPClient(), "https://localhost:\(server.port)/") == .tls)
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
