import Databases
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Calls to models while the history's server takes connections and questions, and answers none.
@Suite struct HungHistoryTests {
  private struct Server: Sendable {
    let engine: Engine
    let hang: @Sendable () throws -> Void
    let goOn: @Sendable () throws -> Void
    let stop: @Sendable () async throws -> Void
  }

  private static let secondTurn = #"""
    {"stream":true,"model":"m","messages":[{"role":"user","content":"Hi"},
    {"role":"assistant","content":"Hello, 世界 😀"},{"role":"user","content":"And now?"}]}
    """#

  private static let thirdTurn = #"""
    {"model":"m","messages":[{"role":"user","content":"Hi"},
    {"role":"assistant","content":"Hello, 世界 😀"},{"role":"user","content":"And now?"},
    {"role":"assistant","content":"Hello, 世界 😀"},{"role":"user","content":"And then?"}]}
    """#

  @Test func `a stream begins while PostgreSQL hangs`() async throws {
    let server = try await PostgreSQLServer.start()
    try await check(
      Server(
        engine: .postgres(server.address(database: try await server.createDatabase())),
        hang: { try server.hang() }, goOn: { try server.goOn() }, stop: { try await server.stop() }))
  }

  @Test func `a stream begins while MariaDB hangs`() async throws {
    let server = try await MariaDBServer.start(MariaDBServer.Options())
    try await check(
      Server(
        engine: .mysql(server.address(database: try await server.createDatabase())),
        hang: { try server.hang() }, goOn: { try server.goOn() }, stop: { try await server.stop() }))
  }

  /// It is recorded in a conversation of its own, which later calls go on with.
  private func check(_ server: Server) async throws {
    let upstream = try FakeUpstream.completing()
    let folder = try TemporaryFolder()
    let main = MainStore.Configuration(.sqlite(SQLiteFile(path: folder.path("main.db"))))
    try await TestAPI.with(
      .socket, configuration: .gateway(to: upstream), history: Store.Configuration(server.engine), main: main,
      in: folder
    ) { api in
      let first = try await api.post(Chat.path, Chat.request.replacing(#" \ud83d"#, with: ""))
      try #require(first.status == 200)
      try server.hang()
      let answer: IncomingAnswer
      do {
        answer = try await api.beginning(Self.secondTurn)
        #expect(try await answer.next()?.isEmpty == false)
      } catch {
        try server.goOn()
        throw error
      }
      try server.goOn()
      while try await answer.next() != nil {}
      let conversation = try #require(answer.fields["X-Conversation-Id"])
      #expect(conversation != first.fields["X-Conversation-Id"])
      #expect(try await api.recorded(answer.fields).count == 1)
      let third = try await api.post(Chat.path, Self.thirdTurn)
      #expect(third.fields["X-Conversation-Id"] == conversation)
    }
    try await server.stop()
  }
}

extension TestAPI {
  /// The answer's beginning; throws when that is not there in a quarter of a minute.
  fileprivate func beginning(_ body: String) async throws -> IncomingAnswer {
    var request = OutgoingRequest(
      method: "POST", url: url + Chat.path, fields: ["Content-Type": "application/json"], body: Array(body.utf8))
    request.timeouts.firstByte = .seconds(15)
    return try await HTTPClient().open(request)
  }
}
