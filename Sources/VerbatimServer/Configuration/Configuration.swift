import HTTP
import Redis
import VerbatimModel
import VerbatimStore

/// Everything that an operator decides, checked; made by `ConfigurationSources.load()`.
package struct Configuration: Sendable {
  package enum LogFormat: String, Sendable, CaseIterable { case json, text }

  /// Which requests have a line in the log.
  package enum AccessLog: String, Sendable, CaseIterable {
    /// Those answered with 400 or above; all of them at level debug.
    case failures
    case on
    case off
  }

  package enum Authentication: String, Sendable, CaseIterable { case on, off }

  package var host = "127.0.0.1"
  package var port = 10000
  /// Where accounts, keys and the like are.
  package var mainDatabase = DatabaseLocation.standard
  package var historyDatabase = DatabaseLocation.standard
  /// A replica of the history's database; only a server reads it.
  package var readDatabase: DatabaseLocation?
  package var replicaMaximumLag: Duration = .seconds(10)
  package var connections = ConnectionLimits()
  package var journal = JournalLocation()
  package var slowQueryThreshold: Duration = .milliseconds(500)
  package var partitionTimeZone = "UTC"
  package var isDaily = false
  package var retention = Retention()
  package var logTimeZone: String?
  package var logLevel = LogLevel.info
  package var logFormat = LogFormat.json
  package var accessLog = AccessLog.failures
  package var isDebug = false
  package var defaultModelProvider = "custom"
  package var defaultModelID = "custom-model"
  package var isTokenEstimationEnabled = false
  package var pricePerThousandTokens = 0.0
  package var currency = "USD"
  package var redaction = RedactionPolicy()
  package var contentKeys = ContentKeys.none
  /// nil: not said.
  package var authentication: Authentication?
  /// How long keys that are known stay good while the main database is away.
  package var keyGrace: Duration = .seconds(300)
  package var corsOrigins = CORS.Origins.none
  package var trustedProxies: TrustedProxies?
  package var expiry = ExpirySettings()
  package var buildsSearchIndex = true
  /// Where files of background exports are, and how long they are kept.
  package var exportFolder = ExportFolder(ExportFolder.standardPath)
  package var exportFilesHours = 24
  /// nil keeps the audit trail for ever.
  package var auditRetentionDays: Int?
  package var rates = RateSettings()
  package var redis: RedisAddress?
  package var redisTimeout: Duration = .milliseconds(50)
  package var gateway = GatewaySettings()
  package var chat = ChatSettings()
  /// Bytes that request bodies may take together.
  package var bodyMemory = 96 << 20
  package var server = HTTPServer.Configuration()
  /// What commands show to a server that they are pointed to.
  package var clientKey: String?

  /// What was decided, setting by setting, without secrets.
  package var summary: [(name: String, value: String)] = []

  package init() {}

  package func store(log: Log) -> Store.Configuration {
    var store = Store.Configuration(historyDatabase.engine)
    store.connections = connections
    store.slowQueryThreshold = slowQueryThreshold
    store.partitionTimeZone = partitionTimeZone
    store.isDaily = isDaily
    store.retention = retention
    store.currency = currency
    store.redaction = redaction
    store.contentKeys = contentKeys
    store.log = log
    return store
  }

  package func main(log: Log) -> MainStore.Configuration {
    var main = MainStore.Configuration(mainDatabase.engine)
    main.slowQueryThreshold = slowQueryThreshold
    main.lifetime = connections.lifetime
    main.secretKey = gateway.secretKey
    main.log = log
    return main
  }

  /// Whether there is no way in without a key: said aloud or, where nothing was said, off loopback.
  package var asksForKeys: Bool { authentication.map { $0 == .on } ?? !HostAddress.isLoopback(host) }

  /// Refuses what does not belong together.
  package func checkForServing() throws(ConfigurationError) {
    if let readDatabase, !readDatabase.engine.isOfSameKind(as: historyDatabase.engine) {
      throw ConfigurationError(
        "MES_SQL_READ_DSN names another kind of database than the history is in; it must be a replica of that")
    }
    if (server.tlsCertificatePath == nil) != (server.tlsKeyPath == nil) {
      throw ConfigurationError("TLS_CERT and TLS_KEY belong together: give both or neither")
    }
  }
}

/// One clear line that stops the start.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

package enum HostAddress {
  /// Whether only this machine reaches the address.
  package static func isLoopback(_ host: String) -> Bool {
    let bare = unbracketed(host)
    if bare == "localhost" || bare == "::1" { return true }
    let parts = bare.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// The address as it stands in a URL on this machine: the unspecified addresses become loopback ones.
  package static func forURL(_ host: String) -> String {
    switch unbracketed(host) {
    case "0.0.0.0": "127.0.0.1"
    case "::": "[::1]"
    case let bare where bare.contains(":"): "[\(bare)]"
    case let bare: bare
    }
  }

  private static func unbracketed(_ host: String) -> String {
    host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
  }
}
