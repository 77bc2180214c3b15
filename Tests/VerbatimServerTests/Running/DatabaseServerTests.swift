import Foundation
import HTTP
import Testing
import VerbatimTesting

/// The real binary with its history on a database server.
@Suite struct DatabaseServerTests {
  /// By its DSN; the database is not there yet, and the passwords are awkward.
  enum Place: String, CaseIterable, CustomStringConvertible {
    case postgresURL = "a URL of PostgreSQL"
    case goForm = "Go's form of a MySQL DSN"
    case mysqlURL = "a URL of MySQL"

    var description: String { rawValue }

    fileprivate func dsn() async throws -> String {
      switch self {
      case .postgresURL:
        let server = try await PostgreSQLServer.shared()
        let login = "\(PostgreSQLServer.user):\(encoded(PostgreSQLServer.password))"
        return "postgresql+asyncpg://\(login)@127.0.0.1:\(server.port)/by_url?sslmode=disable&application_name=chat"
      case .goForm:
        let login = "\(MariaDBServer.user):\(MariaDBServer.password)"
        return
          "\(login)@tcp(127.0.0.1:\(try await MariaDBServer.shared().port))/go-form?charset=utf8mb4&parseTime=True&loc=Local"
      case .mysqlURL:
        let login = "\(MariaDBServer.user):\(encoded(MariaDBServer.password))"
        return "mysql+aiomysql://\(login)@127.0.0.1:\(try await MariaDBServer.shared().port)/by_url?charset=utf8mb4"
      }
    }

    private func encoded(_ text: String) -> String {
      text.utf8.map { "%" + String(Int($0) + 0x100, radix: 16).suffix(2) }.joined()
    }
  }

  @Test(arguments: Place.allCases)
  func `a history on a server is made, written and read`(_ place: Place) async throws {
    let dsn = try await place.dsn()
    let folder = try TemporaryFolder()
    let environment = [
      "MES_SQL_DSN": dsn, "SQL_MAX_OPEN_CONNS": "5", "LOG_LEVEL": "debug", "JOURNAL_PATH": folder.path("journal.db"),
    ]
    let server = try await SpawnedServer.start(
      in: folder, arguments: ["--history-database", dsn], environment: environment)
    let client = HTTPClient()
    let body = #"{"app_id":"a","user_id":"u","conversation_id":"c","query":"今天\u0000","answer":"b"}"#
    let stored = try await client.send(
      "POST", server.url + "/api/chat/insert", fields: ["Content-Type": "application/json"], body: Array(body.utf8))
    #expect(stored.status == 200)
    #expect(stored.fields["X-Verbatim-Durability"] == nil)
    let page = try await client.send("GET", server.url + "/api/chat/c/messages")
    #expect(String(decoding: page.body, as: UTF8.self).contains(#""query":"今天\u0000""#))
    let ready = try await client.send("GET", server.url + "/health/ready?connections=1")
    #expect(String(decoding: ready.body, as: UTF8.self).contains(#""connections":{"limit":5,"#))
    #expect(await server.terminate() == .cleanExit)
    for secret in [PostgreSQLServer.password, MariaDBServer.password] {
      #expect(!server.process.standardError.contains(secret))
    }
    let verified = try await SpawnedCommand.run(["verify", "--database", dsn], in: folder)
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
  }
}
