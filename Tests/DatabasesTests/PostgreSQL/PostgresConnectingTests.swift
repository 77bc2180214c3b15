import Foundation
import Testing
import VerbatimTesting

@testable import Databases

@Suite struct PostgresConnectingTests {
  private func user(at address: PostgresAddress) async throws -> String? {
    let database = try await Database.open(Database.Configuration(.postgres(address)))
    let user = try await database.read { try $0.first("SELECT current_user") { $0.text(0) } }
    await database.close()
    return user
  }

  @Test func `a unix socket and several hosts lead to the server, too`() async throws {
    let server = try await PostgreSQLServer.shared()
    var address = server.address(database: "postgres")
    address.hosts = [.init(server.folder.path, port: UInt16(server.port))]
    address.password = nil
    #expect(try await user(at: address) == PostgreSQLServer.user)
    address.hosts.insert(.init("127.0.0.1", port: UInt16(try freePort())), at: 0)
    #expect(try await user(at: address) == PostgreSQLServer.user)
  }

  @Test func `of several hosts a writer takes one that takes writes, a reader the first`() async throws {
    let (standby, primary) = (try await PostgreSQLServer.shared(), try await PostgreSQLServer.start())
    for server in [standby, primary] { try await server.run("CREATE DATABASE several") }
    // As far as a client can tell, that is a standby.
    try await standby.run("ALTER DATABASE several SET default_transaction_read_only = on")
    var address = standby.address(database: "several")
    address.hosts += primary.address(database: "several").hosts
    let database = try await Database.open(Database.Configuration(.postgres(address)))
    let port: SQL = "SELECT inet_server_port()"
    let written = try await database.writer.run { try $0.first(port) { Int($0.integer(0)) } }
    let read = try await database.read { try $0.first(port) { Int($0.integer(0)) } }
    await database.close()
    #expect(written == primary.port)
    #expect(read == standby.port)
    try await standby.dropDatabase("several")
    try await primary.stop()
  }

  @Test func `who cannot connect hears where, why and in which code, but no password`() async throws {
    let server = try await PostgreSQLServer.shared()
    var wrongPassword = server.address(database: "postgres")
    wrongPassword.password = "not the secret"
    var nobodyThere = wrongPassword
    nobodyThere.hosts = [.init("127.0.0.1", port: UInt16(try freePort()))]
    let cases: [(PostgresAddress, code: Int32, word: String)] = [
      (wrongPassword, postgresCode("28P01") ?? 0, "password authentication failed"),
      (server.address(database: "nowhere"), postgresCode("3D000") ?? 0, "\"nowhere\" does not exist"),
      (nobodyThere, 0, "Connection refused"),
    ]
    for (address, code, word) in cases {
      let error = try #require(await databaseError { try await user(at: address) })
      #expect(error.kind == .unavailable)
      #expect(error.code == code)
      #expect(error.message.contains(word))
      #expect(error.message.contains("127.0.0.1"))
      #expect(!error.message.contains("secret") && !error.message.contains(PostgreSQLServer.password))
    }
  }

  @Test func `a session is as this project wants it, but for what the address says`() async throws {
    let names = ["TimeZone", "default_transaction_isolation", "default_transaction_read_only", "lock_timeout"]
    var address = try await PostgreSQLServer.shared().address(database: "postgres")
    func settings() async throws -> [String?] {
      let database = try await Database.open(Database.Configuration(.postgres(address)))
      let settings = try await database.writer.run { connection in
        try names.map { name in try connection.first("SELECT current_setting(\(name))") { $0.text(0) } }
      }
      await database.close()
      return settings
    }
    #expect(try await settings() == ["UTC", "read committed", "off", "5s"])
    address.parameters["options"] = "-c lock_timeout=77ms -c TimeZone=Asia/Shanghai"
    #expect(try await settings() == ["UTC", "read committed", "off", "77ms"])
  }

  @Test func `a host that says nothing is given up in time`() async throws {
    let folder = try TemporaryFolder()
    let listener = try SilentListener(path: folder.file(".s.PGSQL.5432"))
    var address = PostgresAddress(hosts: [.init(folder.path)], user: "u", database: "d")
    address.connectTimeout = .milliseconds(50)
    let error = await databaseError { try await user(at: address) }
    await listener.isReached.opened()
    #expect(error?.kind == .unavailable)
    #expect(error?.message.contains("does not answer in time") == true)
  }

  @Test func `who waits for a host that says nothing can be cancelled`() async throws {
    let folder = try TemporaryFolder()
    let listener = try SilentListener(path: folder.file(".s.PGSQL.5432"))
    var address = PostgresAddress(hosts: [.init(folder.path)], user: "u", database: "d")
    address.connectTimeout = .seconds(3600)
    let connecting = Task { [address] in try await user(at: address) }
    await listener.isReached.opened()
    connecting.cancel()
    let error = await databaseError { try await connecting.value }
    #expect(error?.kind == .cancelled)
  }

  @Test func `TLS is spoken with a server that is known, and with no other`() async throws {
    let server = try await PostgreSQLServer.start(hasTLS: true)
    let stranger = try VerbatimTesting.TemporaryFolder()
    try await TestCertificate.make(in: stranger)
    var address = server.address(database: "postgres")
    address.tlsMode = .verifyFull
    address.rootCertificate = server.folder.path("server.pem")
    let database = try await Database.open(Database.Configuration(.postgres(address)))
    let isEncrypted = try await database.read { connection in
      try connection.first("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") { $0.integer(0) }
    }
    await database.close()
    #expect(isEncrypted == 1)

    address.rootCertificate = stranger.path("server.pem")
    let error = await databaseError { try await user(at: address) }
    #expect(error?.message.contains("certificate verify failed") == true)
    try await server.stop()
  }

  @Test func `a server without TLS is refused where TLS is asked for`() async throws {
    var address = try await PostgreSQLServer.shared().address(database: "postgres")
    address.tlsMode = .require
    let error = await databaseError { try await user(at: address) }
    #expect(error?.message.contains("does not support SSL") == true)
  }

  @Test func `a database in another encoding is refused`() async throws {
    let server = try await PostgreSQLServer.shared()
    try await server.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    let error = await databaseError { try await user(at: server.address(database: "latin")) }
    try await server.dropDatabase("latin")
    #expect(error?.kind == .statement)
    #expect(error?.message.contains("encoded in LATIN1") == true)
  }
}
