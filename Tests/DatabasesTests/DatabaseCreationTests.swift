import Testing
import VerbatimTesting

@testable import Databases

@Suite struct DatabaseCreationTests {
  private func names(_ server: PostgreSQLServer, like pattern: String) async throws -> String {
    try await server.run(
      "SELECT datname || ' ' || pg_encoding_to_char(encoding) FROM pg_database WHERE datname LIKE '\(pattern)'")
  }

  @Test func `a database that is missing is made, by many at once`() async throws {
    let server = try await PostgreSQLServer.shared()
    var configuration = Database.Configuration(.postgres(server.address(database: "Made \"by\" many")))
    configuration.isMadeWhenMissing = true
    let settled = configuration
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 { group.addTask { await (try Database.open(settled)).close() } }
      try await group.waitForAll()
    }
    #expect(try await names(server, like: "Made%") == "Made \"by\" many UTF8\n")
  }

  @Test func `who may not make it is told what to run`() async throws {
    let server = try await PostgreSQLServer.shared()
    try await server.run("CREATE ROLE creation_test LOGIN PASSWORD 'secret'")
    var address = server.address(database: "not_mine")
    address.user = "creation_test"
    address.password = "secret"
    var configuration = Database.Configuration(.postgres(address))
    configuration.isMadeWhenMissing = true
    let error = await databaseError { try await Database.open(configuration) }
    #expect(error?.message.contains(#"CREATE DATABASE "not_mine" ENCODING 'UTF8' TEMPLATE template0"#) == true)
    #expect(error?.message.contains("secret") == false)
    #expect(try await names(server, like: "not_mine").isEmpty)
  }

  @Test(arguments: [(false, true), (true, false)])
  func `who only reads, or does not ask for it, makes none`(_ isWritable: Bool, _ isMade: Bool) async throws {
    let server = try await PostgreSQLServer.shared()
    var configuration = Database.Configuration(.postgres(server.address(database: "only_read")))
    configuration.isWritable = isWritable
    configuration.isMadeWhenMissing = isMade
    let error = await databaseError { try await Database.open(configuration) }
    #expect(error?.kind == .unavailable)
    #expect(try await names(server, like: "only_read").isEmpty)
  }

  @Test func `MariaDB's is made with its collation, or the statement told`() async throws {
    let server = try await MariaDBServer.shared()
    var configuration = Database.Configuration(.mysql(server.address(database: "made`by`one")))
    configuration.isMadeWhenMissing = true
    await (try Database.open(configuration)).close()
    let collation = try await server.run(
      "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'made`by`one'")
    #expect(collation == "utf8mb4_nopad_bin\n")
    try await server.run(
      "CREATE USER 'creation_test'@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON mysql.db TO 'creation_test'@'%'")
    var address = server.address(database: "not_mine")
    address.user = "creation_test"
    address.password = "secret"
    configuration.engine = .mysql(address)
    let refused = configuration
    let error = await databaseError { try await Database.open(refused) }
    #expect(error?.message.contains("CREATE DATABASE IF NOT EXISTS `not_mine` CHARACTER SET utf8mb4") == true)
  }
}
