import Foundation
import Testing
import VerbatimTesting

@testable import Databases

@Suite struct PostgresLossTests {
  private func withServer(_ body: (PostgreSQLServer, Database) async throws -> Void) async throws {
    let server = try await PostgreSQLServer.start()
    var configuration = Database.Configuration(.postgres(server.address(database: "postgres")))
    configuration.maximumReaders = 1
    let database = try await Database.open(configuration)
    try await database.writer.run { try $0.executeScript("CREATE TABLE t (a integer); INSERT INTO t VALUES (1)") }
    try await body(server, database)
    await database.close()
    try await server.stop()
  }

  private func count(_ database: Database) async throws -> Int64? {
    try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
  }

  @Test func `a server killed amid a transaction keeps nothing of it, and is used again once it is back`() async throws
  {
    try await withServer { server, database in
      #expect(try await count(database) == 1)
      let (written, killed) = (Gate(), Gate())
      let doomed = Task {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (2)")
            written.open()
            killed.wait()
            try connection.execute("INSERT INTO t VALUES (3)")
          }
        }
      }
      await written.opened()
      try await server.kill()
      killed.open()
      let error = await databaseError { try await doomed.value }
      #expect(error?.kind == .unavailable)
      try await server.start()
      // The writer saw the loss, the reader finds its connection gone before it asks.
      try await database.writer.run { try $0.execute("INSERT INTO t VALUES (4)") }
      #expect(try await count(database) == 2)
    }
  }

  @Test func `a server that is away is asked again only after a pause`() async throws {
    try await withServer { server, database in
      try await server.kill()
      let first = await databaseError { try await count(database) }
      let second = await databaseError { try await count(database) }
      #expect(first?.kind == .unavailable)
      #expect(second?.kind == .unavailable)
      try await server.start()
      // The pause is at most two seconds; who asks meanwhile is turned away at once.
      var found: Int64?
      while found == nil {
        do { found = try await count(database) } catch let error as DatabaseError {
          #expect(error.kind == .unavailable)
        }
        await Task.yield()
      }
      #expect(found == 1)
    }
  }

  @Test func `a connection that the server closed is replaced before it is used again`() async throws {
    let server = try await PostgreSQLServer.shared()
    try await TestEngine.postgreSQL.withDatabase { database in
      let identify: SQL = "SELECT pg_backend_pid()"
      let first = try await database.writers[0].run { try $0.first(identify) { $0.integer(0) } }
      try await server.run("SELECT pg_terminate_backend(\(try #require(first)), 10000)")
      let second = try await database.writers[0].run { try $0.first(identify) { $0.integer(0) } }
      #expect(second != nil && second != first)
    }
  }

  @Test func `a writer whose server takes no writes any more connects anew`() async throws {
    try await TestEngine.postgreSQL.withDatabase { database in
      let identify: SQL = "SELECT pg_backend_pid()"
      let writer = database.writer
      try await writer.run { try $0.executeScript("CREATE TABLE t (a integer)") }
      let first = try await writer.run { try $0.first(identify) { $0.integer(0) } }
      let error = await databaseError {
        try await writer.run { connection in
          try connection.executeScript("SET default_transaction_read_only = on")
          try connection.execute("INSERT INTO t VALUES (1)")
        }
      }
      #expect(error?.kind == .readOnly)
      try await writer.run { try $0.execute("INSERT INTO t VALUES (2)") }
      let second = try await writer.run { try $0.first(identify) { $0.integer(0) } }
      #expect(second != first)
    }
  }

  @Test func `a server that stops answering is given up once patience is over`() async throws {
    let server = try await PostgreSQLServer.shared()
    var address = server.address(database: "postgres")
    address.parameters["application_name"] = "stopped"
    let session = try PostgresSession(address, isWriter: false, interruption: Interruption())
    session.patience = .milliseconds(100)
    let found = try await server.run("SELECT pid FROM pg_stat_activity WHERE application_name = 'stopped'")
    let backend = try #require(Int32(found.trimmingCharacters(in: .newlines)))
    // Stopped, it neither answers nor closes the connection.
    kill(backend, SIGSTOP)
    let error = #expect(throws: DatabaseError.self) { try session.run(script: "SELECT 1") }
    kill(backend, SIGCONT)
    #expect(error?.kind == .unavailable)
    #expect(session.isToBeReplaced())
    session.close()
  }
}
