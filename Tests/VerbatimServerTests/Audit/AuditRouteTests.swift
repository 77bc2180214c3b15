import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct AuditRouteTests {
  @Test func `every route that reads, chats or administers leaves a trace`() async throws {
    try await TestAPI.with { api in
      let silent = api.routes.filter { [.read, .chat, .admin].contains($0.needs) && $0.audit == nil }
      #expect(silent.map { "\($0.method) \($0.pattern)" } == [])
    }
  }

  @Test(arguments: Transport.allCases)
  func `reads of a conversation share a row`(transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("?", answer: "!", #""conversation_id":"c/ü""#))
      for _ in 0..<3 {
        let answer = try await api.get("/api/chat/c%2F%C3%BC/messages", fields: ["X-Request-Id": "one"])
        #expect(answer.status == 200)
      }
      let other = try await api.get("/api/chat/other")
      #expect(other.status == 404)
      await api.trail.flush()
      let rows = try await api.main.auditTrail(AuditQuery(), limit: 10)
      // Two, where the minute ended in between.
      #expect((1...2).contains(rows.count))
      #expect(rows.map(\.count).reduce(0, +) == 3)
      for row in rows {
        #expect(row.action == "conversation.read")
        #expect(row.conversation == "c/ü")
        #expect(row.actor == Account.standard)
        #expect(row.key == AuditEntry.keyless)
        #expect(row.address == "127.0.0.1")
        #expect(row.requestID == "one")
      }
    }
  }

  @Test func `an administrator asks for the trail, page by page`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin = HTTPFields.key(try await api.makeAdminKey())
      let shop = HTTPFields.key(try await api.makeKey(account: "shop"))
      for id in ["a", "b", "c"] {
        let body = Bodies.exchange("?", answer: "!", #""conversation_id":"\#(id)""#)
        _ = try await api.post("/api/chat/insert", body, fields: shop)
        _ = try await api.get("/api/chat/\(id)", fields: shop)
      }
      let path = "/api/admin/audit?account_id=shop&action=conversation.read&limit=2"
      let first = try await api.get(path, fields: admin)
      #expect(first["entries"]?.elements.map { $0.string("conversation_id") } == ["c", "b"])
      #expect(first["entries"]?.elements.map { $0.string("actor") } == ["shop", "shop"])
      let cursor = try #require(first.string("next_cursor"))
      let second = try await api.get(path + "&cursor=" + cursor, fields: admin)
      #expect(second["entries"]?.elements.map { $0.string("conversation_id") } == ["a"])
      #expect(second["next_cursor"]?.kind == .null)
      let own = try await api.get("/api/admin/audit?action=audit.read", fields: admin)
      #expect(own["entries"]?.elements.map { $0.string("actor") }.allSatisfy { $0 == "root" } == true)
      #expect(try await api.get("/api/admin/audit", fields: shop).status == 403)
      for wrong in ["action=nothing", "from=never", "limit=0", "limit=101", "cursor=x"] {
        #expect(try await api.get("/api/admin/audit?" + wrong, fields: admin).status == 400)
      }
    }
  }

  @Test func `the command line shows the trail, through a running server and without one`() async throws {
    let folder = try TemporaryFolder()
    let server = try await SpawnedServer.start(in: folder)
    let client = HTTPClient()
    let body = Bodies.exchange("?", answer: "!", #""conversation_id":"order-1""#)
    _ = try await client.send(
      "POST", server.url + "/api/chat/insert", fields: ["Content-Type": "application/json"], body: Array(body.utf8))
    _ = try await client.send("GET", server.url + "/api/chat/order-1")
    let command = ["audit", "--action", "conversation.read", "--database", server.database]
    let through = try await SpawnedCommand.run(command, in: folder)
    #expect(through.code == 0, "\(through.errors)")
    let lines = through.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.last?.contains("conversation.read") == true)
    #expect(lines.last?.contains("order-1") == true)
    await server.terminate()
    let alone = try await SpawnedCommand.run(command, in: folder)
    #expect(alone.output == through.output)
  }

  @Test func `who is no administrator does not see the trail`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.get("/api/admin/audit")
      #expect(answer.status == 401, "it has no key at all")
    }
  }

  @Test func `a server that ends has written the traces of what it answered`() async throws {
    let folder = try TemporaryFolder()
    let server = try await SpawnedServer.start(in: folder)
    let client = HTTPClient()
    let body = Bodies.exchange("?", answer: "!", #""conversation_id":"c""#)
    _ = try await client.send(
      "POST", server.url + "/api/chat/insert", fields: ["Content-Type": "application/json"], body: Array(body.utf8))
    let answer = try await client.send("GET", server.url + "/api/chat/c")
    #expect(answer.status == 200)
    await server.terminate()
    let file = Store.Configuration(path: server.database)
    let stores = try await OpenStores.open(file, MainStore.Configuration(file.engine))
    let rows = try await stores.main.auditTrail(AuditQuery(), limit: 10)
    await stores.close()
    #expect(rows.map(\.conversation) == ["c"])
  }
}
