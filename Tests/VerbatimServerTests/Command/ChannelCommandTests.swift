import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

/// `verbatim channels`, as it is typed.
@Suite struct ChannelCommandTests {
  @Test func `a channel that was made serves calls at once, and its key is never shown`() async throws {
    let upstream = try FakeUpstream { request, peer in
      guard request.path == "/v1/models" else { return peer.sendCompletion(asStream: false) }
      peer.answer(#"{"data":[{"id":"gpt-4o-mini"}]}"#)
      return true
    }
    let folder = try TemporaryFolder()
    func channels(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(
        ["channels"] + arguments + ["--database", SpawnedServer.database(in: folder)], in: folder,
        environment: ["CHANNEL_KEY": "sk-hidden"])
    }
    let made = try await channels(
      "create", "main", "--base-url", upstream.baseURL, "--models", "fast=gpt-4o-mini,own", "--header", "X-Team: a")
    #expect(made.code == 0, "\(made.errors)")
    #expect(made.output.contains("the channel main (1) is made"))
    let tested = try await channels("test", "main")
    #expect(tested.code == 0 && tested.output.contains("1 models"), "\(tested.output) \(tested.errors)")

    let server = try await SpawnedServer.start(in: folder)
    let body = Array(#"{"model":"fast","messages":[{"role":"user","content":"q"}]}"#.utf8)
    func call() async throws -> Int {
      try await HTTPClient().send(
        "POST", server.url + "/v1/chat/completions", fields: ["Content-Type": "application/json"], body: body
      ).status
    }
    #expect(try await call() == 200)
    #expect(upstream.requests.last?.field("Authorization") == "Bearer sk-hidden")
    #expect(upstream.requests.last?.field("X-Team") == "a")
    let listed = try await channels("list")
    #expect(listed.output.contains("fast=gpt-4o-mini") && listed.output.contains(upstream.baseURL))
    #expect(try await channels("update", "main", "--status", "disabled").code == 0)
    #expect(try await call() == 503)
    #expect(try await channels("delete", "1").code == 0)
    #expect(try await channels("delete", "main").code == 1)
    #expect(try await channels("update", "main", "--weight", "heavy").code == 2)
    await server.terminate()
    for text in [made.output, listed.output, server.process.standardError, server.process.standardOutput] {
      #expect(!text.contains("sk-hidden"))
    }
  }
}
