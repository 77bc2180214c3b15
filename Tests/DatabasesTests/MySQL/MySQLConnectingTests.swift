import Foundation
import Testing
import VerbatimTesting

@testable import Databases

@Suite struct MySQLConnectingTests {
  private func connect(_ address: MySQLAddress) throws(DatabaseError) -> MySQLDriver {
    try MySQLDriver(
      .init(address: address, isWriter: true), interruption: Interruption())
  }

  private func connectionError(_ address: MySQLAddress) -> DatabaseError? {
    do throws(DatabaseError) {
      try connect(address).close()
      return nil
    } catch {
      return error
    }
  }

  /// What `look` sees of a connection, which is closed afterwards.
  private func seen<Result>(_ address: MySQLAddress, _ look: (MySQLDriver) throws -> Result) throws -> Result {
    let driver = try connect(address)
    defer { driver.close() }
    return try look(driver)
  }

  private func one(_ address: MySQLAddress) throws -> String? {
    try seen(address) { try $0.handle.firstRow("SELECT 1")[0] }
  }

  @Test func `a unix socket leads to the server as well`() async throws {
    let server = try await MariaDBServer.shared()
    var address = server.address(database: "mysql")
    address.place = .socket(server.socket)
    let answer = try one(address)
    #expect(answer == "1")
  }

  @Test func `rows go in bulk where the server takes them, unless told otherwise`() async throws {
    var address = try await MariaDBServer.shared().address(database: "")
    let withBulk = try seen(address) { $0.session.takesBulk }
    address.usesBulk = false
    let withoutBulk = try seen(address) { $0.session.takesBulk }
    #expect((withBulk, withoutBulk) == (true, false))
  }

  @Test func `the session is as every statement counts on`() async throws {
    var address = try await MariaDBServer.shared().address(database: "mysql")
    address.variables = ["time_zone": "'+08:00'", "group_concat_max_len": "4096"]
    let facts = try seen(address) { driver in
      try driver.handle.firstRow(
        """
        SELECT @@character_set_client, @@collation_connection, @@time_zone, @@tx_isolation, @@autocommit,
        @@group_concat_max_len, @@sql_mode
        """)
    }
    #expect(facts[..<6] == ["utf8mb4", "utf8mb4_nopad_bin", "+00:00", "READ-COMMITTED", "1", "4096"])
    #expect(facts[6]?.contains("ANSI_QUOTES") == true && facts[6]?.contains("STRICT_ALL_TABLES") == true)
  }

  @Test func `TLS modes mean what they say`() async throws {
    var options = MariaDBServer.Options()
    options.hasTLS = true
    let server = try await MariaDBServer.start(options)
    var address = server.address(database: "")
    func hasCipher(_ mode: MySQLAddress.TLSMode) throws -> Bool {
      address.tlsMode = mode
      return try seen(address) { try $0.handle.firstRow("SHOW SESSION STATUS LIKE 'Ssl_cipher'")[1] != "" }
    }
    #expect(try [.disabled, .preferred, .unverified].map(hasCipher) == [false, true, true])
    address.tlsMode = .verified
    let stranger = connectionError(address)
    #expect(stranger?.kind == .unavailable)
    #expect(stranger?.message.contains("check the TLS mode") == true)
    address.rootCertificate = server.folder.path("server.pem")
    for host in ["127.0.0.1", "localhost"] {
      address.place = .host(host, port: UInt16(server.port))
      #expect(try hasCipher(.verified))
    }
    address.place = .host("127.0.0.2", port: UInt16(server.port))
    #expect(connectionError(address)?.kind == .unavailable)
    try await server.stop()
  }

  @Test func `a server without TLS is refused where TLS is wanted, and taken where it is preferred`() async throws {
    var address = try await MariaDBServer.shared().address(database: "")
    address.tlsMode = .preferred
    let answer = try one(address)
    #expect(answer == "1")
    for mode in [MySQLAddress.TLSMode.unverified, .verified] {
      address.tlsMode = mode
      let error = connectionError(address)
      #expect(error?.kind == .unavailable)
      #expect(error?.message.contains("TLS") == true)
    }
  }

  @Test func `what keeps it from connecting is said with the server's name and without the password`() async throws {
    let server = try await MariaDBServer.shared()
    var wrongPassword = server.address(database: "")
    wrongPassword.password = "secret words"
    var nobodyThere = server.address(database: "")
    nobodyThere.place = .host("127.0.0.1", port: UInt16(try freePort()))
    var noCertificate = server.address(database: "")
    noCertificate.tlsMode = .verified
    noCertificate.rootCertificate = "/nowhere/root.pem"
    let cases: [(MySQLAddress, DatabaseError.Kind, Int32, String)] = [
      (wrongPassword, .statement, 1045, "check user and password"),
      (server.address(database: "nowhere"), .statement, 1049, "Unknown database 'nowhere'"),
      (nobodyThere, .unavailable, 2002, "check that the server runs"),
      (noCertificate, .unavailable, ENOENT, "/nowhere/root.pem"),
    ]
    for (address, kind, code, words) in cases {
      let error = connectionError(address)
      #expect(error?.kind == kind)
      #expect(error?.code == code)
      #expect(error?.message.hasPrefix("mysql://verbatim@127.0.0.1:") == true)
      #expect(error?.message.contains(words) == true)
      #expect(error?.message.contains("secret") == false && error?.message.contains("p@ss") == false)
    }
  }

  @Test func `a server that takes connections and says nothing is given up`() async throws {
    let folder = try VerbatimTesting.TemporaryFolder()
    let listener = try SilentListener(path: folder.path("silent"))
    var address = MySQLAddress(.socket(folder.path("silent")), user: "nobody", database: "none")
    address.connectTimeout = .milliseconds(10)
    let error = connectionError(address)
    await listener.isReached.opened()
    #expect(error?.kind == .unavailable)
  }
}
