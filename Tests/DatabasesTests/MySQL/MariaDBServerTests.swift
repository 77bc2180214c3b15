import Testing
import VerbatimTesting

@Suite struct MariaDBServerTests {
  @Test func `a server that was killed starts again with what was committed`() async throws {
    let server = try await MariaDBServer.start(.init())
    let database = try await server.createDatabase()
    try await server.run("CREATE TABLE \(database).t (a INT); INSERT INTO \(database).t VALUES (7)")
    try await server.kill()
    await #expect(throws: SpawnError.self) { try await server.run("SELECT 1") }
    try await server.start()
    #expect(try await server.run("SELECT a FROM \(database).t") == "7\n")
    try await server.stop()
  }
}
