import Testing

@testable import Databases

@Suite struct PostgresDSNTests {
  private func address(_ dsn: String) throws -> PostgresAddress {
    guard case .postgres(let address) = try Engine(dsn: dsn) else {
      throw DSNError("leads to another engine", allowed: "PostgreSQL")
    }
    return address
  }

  /// User, password, hosts, database.
  private static let forms: [(dsn: String, parts: [String?])] = [
    ("postgres://user:password@localhost:5432/messages", ["user", "password", "localhost:5432", "messages"]),
    ("postgresql://user@localhost/db", ["user", nil, "localhost:5432", "db"]),
    ("postgresql+asyncpg://u:p%40s%3As%2Fw@localhost/db", ["u", "p@s:s/w", "localhost:5432", "db"]),
    ("postgres://u:p@[::1]:5433/db", ["u", "p", "::1:5433", "db"]),
    ("postgres://u:p@a:1,b,c:3/db", ["u", "p", "a:1 b:5432 c:3", "db"]),
    ("postgres://u:p@/db", ["u", "p", "/var/run/postgresql:5432", "db"]),
    ("postgres://u:p@/db?host=/tmp/pg&port=5433", ["u", "p", "/tmp/pg:5433", "db"]),
    ("postgres://u:p@%2Ftmp%2Fpg/db", ["u", "p", "/tmp/pg:5432", "db"]),
    ("postgres://u:p@%2Ftmp%2Fpg:5433/db", ["u", "p", "/tmp/pg:5433", "db"]),
    ("postgres:///db?host=a,b&port=1,2&user=u&password=p", ["u", "p", "a:1 b:2", "db"]),
    ("host=localhost port=5432 user=u password=p dbname=db", ["u", "p", "localhost:5432", "db"]),
    ("dbname = db  user='u' password='two \\'words\\'' host=h", ["u", "two 'words'", "h:5432", "db"]),
    ("host=/tmp/pg user=u password=a\\ b dbname=db", ["u", "a b", "/tmp/pg:5432", "db"]),
  ]

  @Test(arguments: forms)
  func `every form leads to its server`(_ dsn: String, _ parts: [String?]) throws {
    let address = try address(dsn)
    let hosts = address.hosts.map { "\($0.name):\($0.port)" }.joined(separator: " ")
    #expect([address.user, address.password, hosts, address.database] == parts)
    #expect(address.tlsMode == .prefer)
    #expect(address.parameters.isEmpty)
  }

  @Test func `libpq's parameters are kept`() throws {
    let address = try address(
      "postgres://u:p@h/d?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&connect_timeout=7"
        + "&application_name=chat%20app&options=-c%20geqo%3Doff&target_session_attrs=read-write&pool_max_conns=10")
    #expect(address.tlsMode == .verifyFull)
    #expect(address.rootCertificate == "/ca.pem")
    #expect(address.certificate == "/c.pem")
    #expect(address.privateKey == "/k.pem")
    #expect(address.connectTimeout == .seconds(7))
    #expect(
      address.parameters == [
        "application_name": "chat app", "options": "-c geqo=off", "target_session_attrs": "read-write",
      ])
  }

  @Test func `settings of the session travel in the options`() throws {
    let address = try address(
      "host=h user=u dbname=d sslmode=disable TimeZone=Asia/Shanghai search_path='my schema' statement_timeout=5000")
    #expect(address.tlsMode == .disable)
    #expect(address.parameters == ["options": "-c search_path=my\\ schema -c statement_timeout=5000"])
  }

  @Test func `asyncpg's and JDBC's word for TLS is understood`() throws {
    #expect(try address("postgresql+asyncpg://u:p@h/d?ssl=verify-ca").tlsMode == .verifyAuthority)
    #expect(try address("postgresql://u:p@h/d?ssl=true").tlsMode == .require)
  }

  @Test func `without a user it is the account of the process`() throws {
    #expect(try !address("postgres://localhost/db").user.isEmpty)
  }

  @Test(arguments: [
    ("postgres://u:secret@h", "names no database"),
    ("postgres://u:secret@h/", "names no database"),
    ("postgres://u:secret@h/d?sslmode=maybe", "sslmode"),
    ("postgres://u:secret@h/d?ssl_mode=require", "ssl_mode"),
    ("postgres://u:secret@h/d?connect_timeout=never", "connect_timeout"),
    ("postgres://u:secret@h:0/d", "port"),
    ("postgres://u:secret@a,b,c/d?port=1,2", "2 ports for 3 hosts"),
    ("postgres://u:secret@::1/d", "brackets"),
    ("postgres:///d?password=secret&nonsense=1", "nonsense"),
    ("host=h password='secret", "not closed"),
    ("host=h password=secret dbname", "without a value"),
    ("dbname=d password = 'se\\'secret' replication=database", "replication"),
  ])
  func `a wrong one is refused with words that do not repeat it`(_ dsn: String, _ words: String) throws {
    let error = try #require(throws: DSNError.self) { try Engine(dsn: dsn) }
    #expect(error.description.contains(words))
    #expect(!error.description.contains("secret"))
    #expect(!Engine.redacted(dsn: dsn).contains("secret"))
  }
}
