import HTTP
import VerbatimModel

/// The table of settings, in the order in which help and documentation show them.
package enum Settings {
  package static let all: [Setting] =
    listening + databases + logging + ingest + redaction + gateway + chat + access + audit + expiry + search + exports
    + rates + limits

  package static func named(_ name: String) -> Setting? { all.first { $0.name == name } }

  package static func forArgument(_ argument: String) -> Setting? { all.first { $0.argument == argument } }

  private static let listening: [Setting] = [
    Setting("API_HOST", "--host", "ADDRESS", standard: "127.0.0.1", "The address to listen on.") {
      text, configuration throws(SettingError) in
      configuration.host = try Value.text(text, longest: 253)
    },
    Setting("API_PORT", "--port", "PORT", standard: "10000", "The port to listen on; 0 takes any free one.") {
      text, configuration throws(SettingError) in
      configuration.port = try Value.integer(text, 0...65535)
    },
    Setting("TLS_CERT", "--tls-cert", "FILE", "Certificate chain in PEM form; with TLS_KEY the server speaks HTTPS.") {
      text, configuration throws(SettingError) in
      configuration.server.tlsCertificatePath = try Value.text(text, longest: 4096)
    },
    Setting("TLS_KEY", "--tls-key", "FILE", "Private key in PEM form.") {
      text, configuration throws(SettingError) in
      configuration.server.tlsKeyPath = try Value.text(text, longest: 4096)
    },
  ]

  static let historyDatabase = Setting(
    "MES_SQL_DSN", "--history-database", "DSN", isDSN: true,
    "The history's database, when it is not the main one; any of the forms below."
  ) { text, configuration throws(SettingError) in
    configuration.historyDatabase = try DatabaseLocation(dsn: text)
  }

  static let readDatabase = Setting(
    "MES_SQL_READ_DSN", "--history-read-database", "DSN", isDSN: true,
    "A replica of the history's database, which the server reads; whoever has just written reads what was written."
  ) { text, configuration throws(SettingError) in
    configuration.readDatabase = try DatabaseLocation(dsn: text)
  }

  static let mainDatabase: [Setting] = [
    Setting(
      "SQL_DSN", "--database", "DSN", standard: "./data/verbatim.db", isDSN: true,
      "The main database, and the history's where that is not set; any of the forms below."
    ) { text, configuration throws(SettingError) in
      try configuration.useMainDatabase(text)
    },
    Setting("DATABASE_URL", nil, "DSN", isDSN: true, "Another name of SQL_DSN, which wins over it.") {
      text, configuration throws(SettingError) in
      try configuration.useMainDatabase(text)
    },
  ]

  private static let databases: [Setting] =
    [historyDatabase] + mainDatabase + [
      readDatabase,
      Setting(
        "MES_SQL_READ_MAX_LAG", "--history-read-max-lag", "SECONDS", standard: "10",
        "How far the replica may lag behind before the history's own database is read instead."
      ) { text, configuration throws(SettingError) in
        configuration.replicaMaximumLag = .seconds(try Value.integer(text, 1...3600))
      },
      Setting(
        "SQL_MAX_OPEN_CONNS", "--sql-max-open-conns", "COUNT", standard: "32",
        """
        The most connections to the history's database, opened when needed; two of them write to a server, one to a file. \
        Past `SQL_MAX_IDLE_CONNS` another is opened for a read that has waited for 50 ms.
        """
      ) { text, configuration throws(SettingError) in
        configuration.connections.open = try Value.integer(text, 1...10_000)
      },
      Setting(
        "SQL_MAX_IDLE_CONNS", "--sql-max-idle-conns", "COUNT", standard: "8",
        """
        How many connections to a server are kept while nobody reads; one more is closed when it has lain idle for 5 seconds.
        """
      ) { text, configuration throws(SettingError) in
        configuration.connections.idle = try Value.integer(text, 0...10_000)
      },
      Setting(
        "SQL_MAX_LIFETIME", "--sql-max-lifetime", "SECONDS", standard: "600",
        "How old a connection to a server may become before it is replaced between two uses; 0: as old as it likes."
      ) { text, configuration throws(SettingError) in
        let seconds = try Value.integer(text, 0...604_800)
        configuration.connections.lifetime = seconds == 0 ? nil : .seconds(seconds)
      },
      Setting(
        "JOURNAL_PATH", "--journal", "FILE", standard: JournalLocation.standardPath,
        "Where exchanges wait while the history's server cannot be reached; each server needs a file of its own."
      ) { text, configuration throws(SettingError) in
        configuration.journal.path = try Value.text(text, longest: 4096)
      },
      Setting(
        "JOURNAL_MAX_MB", "--journal-max-mb", "MB", standard: "1024",
        "How much may wait there, before 503 is answered; 0: no journal."
      ) { text, configuration throws(SettingError) in
        configuration.journal.maximumBytes = try Value.integer(text, 0...1_048_576) << 20
      },
      Setting("SLOW_QUERY_MS", "--slow-query-ms", "MS", standard: "500", "Log statements that take at least this long.")
      {
        text, configuration throws(SettingError) in
        configuration.slowQueryThreshold = .milliseconds(try Value.integer(text, 0...3_600_000))
      },
      Setting(
        "PARTITION_TIMEZONE", "--partition-timezone", "ZONE", standard: "TZ, else UTC",
        "Whose midnight ends a day; fixed at the first start of a database."
      ) { text, configuration throws(SettingError) in
        configuration.partitionTimeZone = try TimeZoneName.checked(text)
      },
      Setting(
        "MES_DAILY_PARTITION", "--daily-partition", "SWITCH", standard: "false",
        "Keep the rows of each day in tables of that day; what is stored already stays where it is."
      ) { text, configuration throws(SettingError) in
        configuration.isDaily = try Value.flag(text)
      },
      Setting(
        "HISTORY_RETENTION_DAYS", "--history-retention-days", "DAYS", standard: "0",
        "Drop days that are older than this many, statistics excepted; 0 keeps all."
      ) { text, configuration throws(SettingError) in
        configuration.retention.days = try Value.retention(text)
      },
      Setting(
        "HISTORY_BODY_RETENTION_DAYS", "--history-body-retention-days", "DAYS", standard: "0",
        "Empty what was said (content, tool calls, parameters) on days older than this many; rows stay. 0 keeps all."
      ) { text, configuration throws(SettingError) in
        configuration.retention.bodyDays = try Value.retention(text)
      },
      Setting("TZ", nil, "ZONE", standard: "UTC", "The log's time zone, and PARTITION_TIMEZONE where that is not set.")
      {
        text, configuration throws(SettingError) in
        configuration.logTimeZone = try TimeZoneName.checked(text)
      },
    ]

  private static let logging: [Setting] = [
    Setting(
      "LOG_LEVEL", "--log-level", "LEVEL", standard: "info", "The least severe lines: debug, info, warning, error."
    ) {
      text, configuration throws(SettingError) in
      configuration.logLevel = try level(text)
    },
    Setting("LOG_FORMAT", "--log-format", "FORMAT", standard: "json", "The form of a line: json or text.") {
      text, configuration throws(SettingError) in
      configuration.logFormat = try Value.choice(text, of: Configuration.LogFormat.self)
    },
    Setting(
      "ACCESS_LOG", "--access-log", "WHICH", standard: "failures",
      "Which requests have a line: failures (400 and above; all of them at level debug), on or off."
    ) { text, configuration throws(SettingError) in
      configuration.accessLog = try Value.choice(text, of: Configuration.AccessLog.self)
    },
    Setting("DEBUG", "--debug", "SWITCH", standard: "false", "Log at level debug, and every statement as slow.") {
      text, configuration throws(SettingError) in
      configuration.isDebug = try Value.flag(text)
    },
  ]

  private static let ingest: [Setting] = [
    Setting(
      "DEFAULT_MODEL_PROVIDER", "--default-model-provider", "NAME", standard: "custom",
      "The model_provider of exchanges that name none."
    ) { text, configuration throws(SettingError) in
      configuration.defaultModelProvider = try Value.text(text, longest: 64)
    },
    Setting(
      "DEFAULT_MODEL_ID", "--default-model-id", "NAME", standard: "custom-model",
      "The model_id of exchanges that name none."
    ) { text, configuration throws(SettingError) in
      configuration.defaultModelID = try Value.text(text, longest: 128)
    },
    Setting(
      "TOKEN_ESTIMATION_ENABLED", "--token-estimation", "SWITCH", standard: "false",
      "Estimate tokens where usage gives none: Chinese characters × 1.5 + English words × 1.3."
    ) { text, configuration throws(SettingError) in
      configuration.isTokenEstimationEnabled = try Value.flag(text)
    },
    Setting(
      "PRICE_PER_1000_TOKENS", "--price-per-1000-tokens", "PRICE", standard: "0",
      "The price of estimated tokens."
    ) { text, configuration throws(SettingError) in
      configuration.pricePerThousandTokens = try Value.decimal(text, 0...1_000_000)
    },
    Setting("CURRENCY", "--currency", "CODE", standard: "USD", "The currency of prices, up to 8 characters.") {
      text, configuration throws(SettingError) in
      configuration.currency = try Value.text(text, longest: 8)
    },
  ]

  private static let access: [Setting] = [
    Setting(
      "AUTH", "--auth", "SWITCH", standard: "off on loopback, on elsewhere",
      "Whether callers need a key: on or off. off on an address off loopback lets everyone in who reaches it."
    ) { text, configuration throws(SettingError) in
      configuration.authentication = try Value.choice(text, of: Configuration.Authentication.self)
    },
    Setting(
      "VERBATIM_KEY", nil, "KEY", isSecret: true,
      "The key that `verbatim import --server` shows to a server that asks for one."
    ) { text, configuration throws(SettingError) in
      configuration.clientKey = try Value.text(text, longest: 256)
    },
    Setting(
      "KEY_GRACE", "--key-grace", "SECONDS", standard: "300",
      "How long keys that are known stay good while the main database is away."
    ) { text, configuration throws(SettingError) in
      configuration.keyGrace = try Value.seconds(text, 0...86_400)
    },
    Setting(
      "CORS_ORIGINS", "--cors-origins", "LIST",
      "Origins whose pages may call the API, separated by commas, or *; none when unset."
    ) { text, configuration throws(SettingError) in
      configuration.corsOrigins = try Value.checked("* or origins such as https://app.example.com") {
        () throws(HTTPSettingError) in try CORS.Origins(setting: text)
      }
    },
    Setting(
      "TRUSTED_PROXIES", "--trusted-proxies", "LIST",
      "Addresses and networks (10.0.0.0/8) whose X-Forwarded-For names the client's address."
    ) { text, configuration throws(SettingError) in
      configuration.trustedProxies = try Value.checked("addresses and networks such as 10.0.0.0/8") {
        () throws(HTTPSettingError) in try TrustedProxies(setting: text)
      }
    },
  ]

  private static let limits: [Setting] = [
    Setting(
      "BODY_LIMIT_MB", "--body-limit-mb", "MB", standard: "32",
      "The largest request body as sent, and the largest exchange as decoded."
    ) { text, configuration throws(SettingError) in
      configuration.server.maximumBodySize = try Value.integer(text, 1...1024) << 20
    },
    Setting(
      "BODY_MEMORY_MB", "--body-memory-mb", "MB", standard: "96",
      "What request bodies above 64 KB may take of memory together, before they wait for each other."
    ) { text, configuration throws(SettingError) in
      configuration.bodyMemory = try Value.integer(text, 1...65_536) << 20
    },
    Setting("HEAD_LIMIT_KB", "--head-limit-kb", "KB", standard: "16", "The largest request head.") {
      text, configuration throws(SettingError) in
      configuration.server.maximumHeadSize = try Value.integer(text, 1...1024) << 10
    },
    Setting("FIELD_LIMIT", "--field-limit", "COUNT", standard: "100", "The most header fields of a request.") {
      text, configuration throws(SettingError) in
      configuration.server.maximumFields = try Value.integer(text, 1...10_000)
    },
    Setting("CONNECTION_LIMIT", "--connection-limit", "COUNT", standard: "100000", "The most open connections.") {
      text, configuration throws(SettingError) in
      configuration.server.maximumConnections = try Value.integer(text, 1...1_000_000)
    },
    Setting("HEAD_TIMEOUT", "--head-timeout", "SECONDS", standard: "10", "How long a request head may take to arrive.")
    {
      text, configuration throws(SettingError) in
      configuration.server.headTimeout = try Value.seconds(text, 1...3600)
    },
    Setting("IDLE_TIMEOUT", "--idle-timeout", "SECONDS", standard: "75", "How long a connection may lie idle.") {
      text, configuration throws(SettingError) in
      configuration.server.idleTimeout = try Value.seconds(text, 1...86_400)
    },
    Setting(
      "BODY_TIMEOUT", "--body-timeout", "SECONDS", standard: "10",
      "After this long a body must arrive at 4 KB a second or faster."
    ) { text, configuration throws(SettingError) in
      configuration.server.bodyTimeout = try Value.seconds(text, 1...3600)
    },
    Setting(
      "WRITE_TIMEOUT", "--write-timeout", "SECONDS", standard: "30",
      "How long a client may take none of its answer."
    ) { text, configuration throws(SettingError) in
      configuration.server.writeTimeout = try Value.seconds(text, 1...3600)
    },
    Setting(
      "DRAIN_TIMEOUT", "--drain-timeout", "SECONDS", standard: "25",
      "How long running requests may take after SIGTERM or SIGINT."
    ) { text, configuration throws(SettingError) in
      configuration.server.drainTimeout = try Value.seconds(text, 0...3600)
    },
  ]

  private static func level(_ text: String) throws(SettingError) -> LogLevel {
    switch text.lowercased() {
    case "debug", "trace": return .debug
    case "info", "notice": return .info
    case "warning", "warn": return .warning
    case "error", "critical", "fatal": return .error
    default: throw SettingError("is not a level", allowed: "debug, info, warning or error")
    }
  }
}

extension Configuration {
  fileprivate mutating func useMainDatabase(_ dsn: String) throws(SettingError) {
    mainDatabase = try DatabaseLocation(dsn: dsn)
    historyDatabase = mainDatabase
  }
}
