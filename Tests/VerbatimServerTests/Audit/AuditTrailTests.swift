import HTTP
import Synchronization
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct AuditTrailTests {
  private func withTrail(_ body: (AuditTrail, MainStore) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let file = Store.Configuration(path: folder.path("verbatim.db"))
    let stores = try await OpenStores.open(file, MainStore.Configuration(file.engine))
    do {
      try await body(AuditTrail(in: stores.main, log: .silent), stores.main)
    } catch {
      await stores.close()
      throw error
    }
    await stores.close()
  }

  private func request(_ parameters: [String: String] = ["conversation_id": "c"]) -> HTTPRequest {
    var request = HTTPRequest(method: "DELETE", path: "/", peerAddress: "192.0.2.7")
    request.parameters = parameters
    request.id = "request-1"
    request.principal = Caller.keyless
    return request
  }

  @Test func `a change is on record before it is done`() async throws {
    try await withTrail { trail, main in
      let seen = Mutex<[AuditEntry]>([])
      let response = try await trail.respond(to: request(), doing: .conversationDelete) { _ in
        let before = try await main.auditTrail(AuditQuery(), limit: 10)
        seen.withLock { $0 = before }
        return HTTPResponse(status: 200)
      }
      #expect(response.status == 200)
      let entry = try #require(seen.withLock { $0.first })
      #expect(entry.action == "conversation.delete")
      #expect(entry.actor == "default")
      #expect(entry.key == AuditEntry.keyless)
      #expect(entry.account == "default")
      #expect(entry.conversation == "c")
      #expect(entry.address == "192.0.2.7")
      #expect(entry.requestID == "request-1")
      #expect(try await main.auditTrail(AuditQuery(), limit: 10) == [entry], "what went well has one row")
    }
  }

  @Test func `a change that was refused has a second row that says so`() async throws {
    try await withTrail { trail, main in
      let response = try await trail.respond(to: request(), doing: .conversationDelete) { _ in
        HTTPResponse(status: 404)
      }
      #expect(response.status == 404)
      let trail = try await main.auditTrail(AuditQuery(), limit: 10)
      let first = try #require(trail.last)
      #expect(trail.first?.detail == #"{"outcome":"refused","status":"404","of":"\#(first.id)"}"#)
      #expect(trail.first?.conversation == "c")
    }
  }

  @Test func `a change that broke off has a second row that says so`() async throws {
    try await withTrail { trail, main in
      await #expect(throws: CancellationError.self) {
        try await trail.respond(to: request(), doing: .conversationPurge) { _ in throw CancellationError() }
      }
      let trail = try await main.auditTrail(AuditQuery(), limit: 10)
      #expect(trail.count == 2)
      #expect(trail.first?.detail?.contains(#""outcome":"unknown""#) == true)
    }
  }

  @Test func `what a handler notes is on record`() async throws {
    try await withTrail { trail, main in
      _ = try await trail.respond(to: request(["id": "k-1"]), doing: .keyRotate) { _ in
        AuditNotes.current?.add("key_id", "k-2")
        return HTTPResponse(status: 200)
      }
      let details = try await main.auditTrail(AuditQuery(), limit: 10).map(\.detail)
      #expect(details.last == #"{"id":"k-1"}"#)
      #expect(details.first??.hasPrefix(#"{"key_id":"k-2","of":"#) == true)
    }
  }

  @Test func `ids that no column takes are cut, and the change is on record all the same`() async throws {
    try await withTrail { trail, main in
      let id = "\0" + String(repeating: "é", count: 300)
      _ = try await trail.respond(to: request(["conversation_id": id]), doing: .conversationDelete) { _ in
        HTTPResponse(status: 404)
      }
      let entry = try await main.auditTrail(AuditQuery(), limit: 1).first
      #expect(entry?.conversation == "\u{FFFD}" + String(repeating: "é", count: 254))
    }
  }

  @Test func `a read that found nothing leaves no trace`() async throws {
    try await withTrail { trail, main in
      _ = try await trail.respond(to: request(), doing: .conversationRead) { _ in HTTPResponse(status: 404) }
      await trail.flush()
      #expect(try await main.auditTrail(AuditQuery(), limit: 10).isEmpty)
    }
  }

  @Test func `while the main database is away reads go on and their traces wait, and nothing is changed`() async throws
  {
    let server = try await PostgreSQLServer.start()
    let name = try await server.createDatabase()
    let main = try await MainStore.open(MainStore.Configuration(.postgres(server.address(database: name))))
    let trail = AuditTrail(in: main, capacity: 4, log: .silent)
    func read(_ id: String) async throws -> Int {
      try await trail.respond(to: request(["conversation_id": id]), doing: .conversationRead) { _ in
        HTTPResponse(status: 200)
      }.status
    }
    try await server.kill()
    #expect(try await [read("a"), read("b"), read("a"), read("c"), read("d")] == [200, 200, 200, 200, 200])
    await #expect(throws: APIError.self) { try await read("e") }
    await #expect(throws: StoreError.self) {
      try await trail.respond(to: request(), doing: .conversationDelete) { _ in
        Issue.record("it was done without a trace")
        return HTTPResponse(status: 200)
      }
    }
    await trail.flush()
    try await server.start()
    // The first attempt may find a connection that is gone.
    while (try? await main.auditTrail(AuditQuery(), limit: 1)) == nil { await Task.yield() }
    await trail.flush()
    #expect(try await main.auditTrail(AuditQuery(), limit: 10).map(\.count).sorted() == [1, 1, 1, 2])
    #expect(try await read("e") == 200)
    await main.close()
    try await server.stop()
  }
}
