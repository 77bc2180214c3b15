import Foundation
import HTTP
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

extension CrashTests {
  @Suite struct GatewayKillTests {
    /// The exchanges whose streams ended for their clients.
    private final class Ended: Sendable {
      private struct State {
        var exchanges: [(conversation: String, id: String)] = []
        var isKilled = false
      }

      private let state = Mutex(State())

      var all: [(conversation: String, id: String)] { state.withLock { $0.exchanges } }

      /// True for the one after which the server is to be killed.
      func add(conversation: String, id: String, killsAfter count: Int) -> Bool {
        state.withLock { state in
          state.exchanges.append((conversation, id))
          guard state.exchanges.count >= count, !state.isKilled else { return false }
          state.isKilled = true
          return true
        }
      }
    }

    @Test func `every stream that ended for its client is in history after a kill`() async throws {
      let upstream = try FakeUpstream.completing()
      let environment = ["OPENAI_BASE_URL": upstream.baseURL, "OPENAI_API_KEY": "sk-upstream"]
      let folder = try TemporaryFolder()
      let server = try await SpawnedServer.start(in: folder, environment: environment)
      let ended = Ended()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<100 {
          group.addTask { await stream(from: server, until: ended, killsAfter: 400) }
        }
      }
      await server.kill()
      #expect(ended.all.count >= 400)

      let again = try await SpawnedServer.start(in: folder, environment: environment)
      let client = HTTPClient()
      for (conversation, id) in ended.all {
        let page = try await client.send("GET", "\(again.url)/api/chat/\(conversation)/messages?limit=100")
        #expect(String(decoding: page.body, as: UTF8.self).contains(id), "\(conversation) \(id)")
      }
      #expect(await again.terminate() == .cleanExit)
    }

    /// Holds one conversation after the other until the server is gone.
    private func stream(from server: SpawnedServer, until ended: Ended, killsAfter count: Int) async {
      let client = HTTPClient()
      while true {
        let request = OutgoingRequest(
          method: "POST", url: server.url + "/v1/chat/completions", fields: ["Content-Type": "application/json"],
          body: Array(#"{"stream":true,"model":"m","messages":[{"role":"user","content":"q"}]}"#.utf8))
        do {
          let answer = try await client.open(request)
          let body = String(decoding: try await answer.collect(upTo: 1 << 20), as: UTF8.self)
          guard body.hasSuffix("data: [DONE]\n\n"), let conversation = answer.fields["X-Conversation-Id"],
            let id = answer.fields["X-Exchange-Id"]
          else { continue }
          if ended.add(conversation: conversation, id: id, killsAfter: count) { server.process.send(SIGKILL) }
        } catch {
          return
        }
      }
    }
  }
}
