import Testing
import VerbatimModel
import VerbatimStore

@testable import VerbatimServer

@Suite struct ConfigurationTests {
  @Test func `without any source every default holds`() throws {
    let configuration = try ConfigurationSources().load()
    #expect(configuration.host == "127.0.0.1")
    #expect(configuration.port == 10000)
    #expect(configuration.server.port == 10000)
    #expect(configuration.mainDatabase == .standard)
    #expect(configuration.historyDatabase == .standard)
    #expect(configuration.slowQueryThreshold == .milliseconds(500))
    #expect(configuration.partitionTimeZone == "UTC")
    #expect(configuration.logLevel == .info)
    #expect(configuration.accessLog == .failures)
    #expect(configuration.authentication == nil)
    #expect(configuration.server.maximumBodySize == 32 << 20)
  }

  @Test func `arguments win over the environment and it over the file`() throws {
    var sources = ConfigurationSources(dotEnv: ["API_PORT": "1", "CURRENCY": "CNY", "LOG_LEVEL": "ERROR"])
    sources.environment = ["API_PORT": "2", "CURRENCY": "EUR"]
    sources.arguments = ["API_PORT": "3"]
    let configuration = try sources.load()
    #expect(configuration.port == 3)
    #expect(configuration.currency == "EUR")
    #expect(configuration.logLevel == .error)
  }

  @Test func `an empty variable counts as unset`() throws {
    let configuration = try ConfigurationSources(environment: ["API_PORT": "", "SQL_DSN": ""]).load()
    #expect(configuration.port == 10000)
    #expect(configuration.historyDatabase == .standard)
  }

  @Test func `the history is in the main database unless it has one of its own`() throws {
    var sources = ConfigurationSources(dotEnv: ["MES_SQL_DSN": "dotenv.db"])
    #expect(try sources.load().historyDatabase.name == "dotenv.db")
    #expect(try sources.load().mainDatabase.name == "dotenv.db")
    sources.environment = ["SQL_DSN": "main.db", "DATABASE_URL": "url.db"]
    #expect(try sources.load().mainDatabase.name == "main.db")
    #expect(try sources.load().historyDatabase.name == "dotenv.db")
    sources.dotEnv = ["SQL_DSN": "dotenv.db"]
    #expect(try sources.load().historyDatabase.name == "main.db")
    sources.environment = ["DATABASE_URL": "url.db"]
    #expect(try sources.load().historyDatabase.name == "url.db")
  }

  @Test func `the two databases may be of different kinds`() throws {
    let configuration = try ConfigurationSources(environment: [
      "SQL_DSN": "root:123456@tcp(localhost:3306)/oneapi",
      "MES_SQL_DSN": "postgres://user:password@localhost:5432/oneapi_messages",
    ]).load()
    #expect(configuration.mainDatabase.name == "mysql://root@localhost:3306/oneapi")
    #expect(configuration.historyDatabase.name == "postgres://user@localhost:5432/oneapi_messages")
  }

  @Test func `a database that is typed is the history's, too`() throws {
    var sources = ConfigurationSources(environment: ["MES_SQL_DSN": "history.db"])
    sources.arguments = ["SQL_DSN": "argument.db"]
    #expect(try sources.load().historyDatabase.name == "argument.db")
    sources.arguments["MES_SQL_DSN"] = "typed.db"
    #expect(try sources.load().mainDatabase.name == "argument.db")
    #expect(try sources.load().historyDatabase.name == "typed.db")
  }

  @Test func `the bounds of the pool reach the store`() throws {
    let configuration = try ConfigurationSources(environment: [
      "SQL_MAX_OPEN_CONNS": "1000", "SQL_MAX_IDLE_CONNS": "100", "SQL_MAX_LIFETIME": "60",
    ]).load()
    let store = configuration.store(log: .silent)
    #expect(store.connections.open == 1000)
    #expect(store.connections.idle == 100)
    #expect(store.connections.lifetime == .seconds(60))
    #expect(try ConfigurationSources(environment: ["SQL_MAX_LIFETIME": "0"]).load().connections.lifetime == nil)
  }

  @Test func `the journal is where it is said, or nowhere`() throws {
    let journal = try ConfigurationSources(environment: ["JOURNAL_PATH": "/srv/j.db", "JOURNAL_MAX_MB": "10"]).load()
      .journal
    #expect(journal.configuration == JournalConfiguration(path: "/srv/j.db", maximumBytes: 10 << 20))
    #expect(try ConfigurationSources().load().journal.configuration?.path == "./data/journal.db")
    #expect(try ConfigurationSources(environment: ["JOURNAL_MAX_MB": "0"]).load().journal.configuration == nil)
  }

  @Test func `the partition zone is TZ unless it is said`() throws {
    var sources = ConfigurationSources(environment: ["TZ": ":Asia/Shanghai"])
    #expect(try sources.load().partitionTimeZone == "Asia/Shanghai")
    sources.environment["PARTITION_TIMEZONE"] = "Europe/Berlin"
    #expect(try sources.load().partitionTimeZone == "Europe/Berlin")
  }

  @Test func `debug logs everything and every statement`() throws {
    let configuration = try ConfigurationSources(environment: ["DEBUG": "true", "LOG_LEVEL": "error"]).load()
    #expect(configuration.logLevel == .debug)
    #expect(configuration.slowQueryThreshold == .zero)
  }

  @Test(arguments: [
    ("API_PORT", "abc", "a whole number from 0 to 65535"),
    ("API_PORT", "65536", "a whole number from 0 to 65535"),
    ("API_PORT", "-1", "a whole number from 0 to 65535"),
    ("API_HOST", "a\u{7}b", "control characters"),
    ("LOG_LEVEL", "loud", "debug, info, warning or error"),
    ("LOG_FORMAT", "xml", "json, text"),
    ("ACCESS_LOG", "some", "failures, on, off"),
    ("DEBUG", "perhaps", "true or false"),
    ("TOKEN_ESTIMATION_ENABLED", "2", "true or false"),
    ("PRICE_PER_1000_TOKENS", "-1", "a number from"),
    ("PRICE_PER_1000_TOKENS", "nan", "a number from"),
    ("CURRENCY", "TOOLONGNAME", "1 to 8 characters"),
    ("DEFAULT_MODEL_PROVIDER", String(repeating: "x", count: 65), "1 to 64 characters"),
    ("AUTH", "maybe", "on, off"),
    ("SLOW_QUERY_MS", "1.5", "a whole number"),
    ("TZ", "Mars/Olympus", "IANA name"),
    ("PARTITION_TIMEZONE", "../../etc/passwd", "IANA name"),
    ("CORS_ORIGINS", "https://a.example/path", "origins"),
    ("TRUSTED_PROXIES", "10.0.0.0/33", "networks"),
    ("BODY_LIMIT_MB", "0", "1 to 1024"),
    ("DRAIN_TIMEOUT", "ten", "a whole number"),
    ("SQL_DSN", "mysql://root:secret@db/", "mysql://user:password@host/db"),
    ("MES_SQL_DSN", "root:secret@localhost/x", "a file path"),
    ("DATABASE_URL", "postgres://root:secret@db/x?password=secret&sslmode=so", "verify-full"),
    ("SQL_MAX_OPEN_CONNS", "0", "1 to 10000"),
    ("SQL_MAX_IDLE_CONNS", "-1", "0 to 10000"),
    ("SQL_MAX_LIFETIME", "1h", "a whole number"),
  ])
  func `a bad value stops the start with one line that names it`(
    _ name: String, _ value: String, _ allowed: String
  ) throws {
    let error = try #require(throws: ConfigurationError.self) {
      try ConfigurationSources(environment: [name: value]).load()
    }
    #expect(error.description.hasPrefix("\(name)="))
    #expect(error.description.contains(allowed))
    #expect(!error.description.contains("\n"))
    #expect(!error.description.contains("secret"))
  }

  @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
  func `loopback is served without keys`(_ host: String) throws {
    #expect(try !ConfigurationSources(environment: ["API_HOST": host]).load().asksForKeys)
    #expect(try ConfigurationSources(environment: ["API_HOST": host, "AUTH": "on"]).load().asksForKeys)
  }

  @Test(arguments: ["0.0.0.0", "::", "192.168.1.5", "127.0.0.1.example.com", "example.com", "127.1"])
  func `an address off loopback asks for keys unless AUTH=off is said`(_ host: String) throws {
    #expect(try ConfigurationSources(environment: ["API_HOST": host]).load().asksForKeys)
    #expect(try !ConfigurationSources(environment: ["API_HOST": host, "AUTH": "off"]).load().asksForKeys)
  }

  @Test func `a key that is set is not shown`() throws {
    let summary = try ConfigurationSources(environment: ["VERBATIM_KEY": "vb-secret"]).load().summary
    #expect(summary.contains { $0.name == "VERBATIM_KEY" && $0.value == "(hidden)" })
  }

  @Test func `a certificate needs its key`() {
    #expect(throws: ConfigurationError.self) {
      try ConfigurationSources(environment: ["TLS_CERT": "cert.pem"]).load().checkForServing()
    }
  }

  @Test func `a replica is of the same kind as the history`() throws {
    let history = ["MES_SQL_DSN": "postgres://u@h/d", "MES_SQL_READ_DSN": "postgres://u@replica/d"]
    let configuration = try ConfigurationSources(environment: history).load()
    try configuration.checkForServing()
    #expect(configuration.readDatabase?.name.contains("replica") == true)
    let mixed = history.merging(["MES_SQL_READ_DSN": "replica.db"]) { _, new in new }
    #expect(throws: ConfigurationError.self) { try ConfigurationSources(environment: mixed).load().checkForServing() }
  }

  @Test func `the summary shows no password`() throws {
    let sources = ConfigurationSources(
      arguments: ["SQL_DSN": "here.db"], environment: ["DATABASE_URL": "postgres://u:secret@h/d", "API_PORT": "7"])
    let summary = try sources.load().summary
    #expect(summary.contains { $0.name == "API_PORT" && $0.value == "7" })
    #expect(summary.contains { $0.name == "DATABASE_URL" && $0.value == "postgres://u:***@h/d" })
  }
}
