import Foundation
import HTTP
import Testing
import VerbatimTesting

@Suite struct ReencryptTests {
  private static let one = "one:" + Data(repeating: 1, count: 32).base64EncodedString()
  private static let two = "two:" + Data(repeating: 2, count: 32).base64EncodedString()
  private let client = HTTPClient()

  @Test func `a server that holds the file brings it under a new key`() async throws {
    let folder = try TemporaryFolder()
    let first = try await SpawnedServer.start(in: folder, environment: ["CONTENT_KEYS": Self.one])
    let body = #"{"app_id":"a","user_id":"u","conversation_id":"c","query":"Ringelnatter?","answer":"b"}"#
    let inserted = try await client.send(
      "POST", first.url + "/api/chat/insert", fields: ["Content-Type": "application/json"], body: Array(body.utf8))
    #expect(inserted.status == 200)
    await first.terminate()

    let second = try await SpawnedServer.start(in: folder, environment: ["CONTENT_KEYS": "\(Self.two),\(Self.one)"])
    let done = try await SpawnedCommand.run(["reencrypt", "--database", second.database], in: folder)
    #expect(done.code == 0, "\(done.errors)")
    #expect(done.output.hasSuffix(": 3 texts changed\n"))
    await second.terminate()

    let third = try await SpawnedServer.start(in: folder, environment: ["CONTENT_KEYS": Self.two])
    let read = try await client.send("GET", third.url + "/api/chat/c")
    #expect(String(decoding: read.body, as: UTF8.self).contains(#""name":"Ringelnatter?""#))
    await third.terminate()
  }

  @Test func `a key that is missing is named, by the server and by the command`() async throws {
    let folder = try TemporaryFolder()
    let first = try await SpawnedServer.start(in: folder, environment: ["CONTENT_KEYS": Self.one])
    let body = #"{"app_id":"a","user_id":"u","conversation_id":"c","query":"Ringelnatter?","answer":"b"}"#
    _ = try await client.send(
      "POST", first.url + "/api/chat/insert", fields: ["Content-Type": "application/json"], body: Array(body.utf8))
    await first.terminate()

    let second = try await SpawnedServer.start(in: folder, environment: ["CONTENT_KEYS": Self.two])
    for path in ["/api/chat/c", "/api/chat/c/messages", "/api/v1/conversations"] {
      let answer = try await client.send("GET", second.url + path)
      #expect(answer.status == 503)
      #expect(String(decoding: answer.body, as: UTF8.self).contains("the key one"))
    }
    let refused = try await SpawnedCommand.run(["reencrypt", "--database", second.database], in: folder)
    #expect(refused.code == 1 && refused.errors.contains("the key one"), "\(refused.errors)")
    await second.terminate()
  }

  @Test func `a server without keys has nothing to encrypt with`() async throws {
    let folder = try TemporaryFolder()
    let server = try await SpawnedServer.start(in: folder)
    let refused = try await SpawnedCommand.run(["reencrypt", "--database", server.database], in: folder)
    #expect(refused.code == 1 && refused.errors.contains("CONTENT_KEYS"), "\(refused.errors)")
    await server.terminate()
  }
}
