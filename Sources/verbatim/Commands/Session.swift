import Glibc
import VerbatimModel
import VerbatimServer
import VerbatimStore

/// What every command begins with: its settings and its log.
struct Session: Sendable {
  let configuration: Configuration
  let output: LogOutput
  let log: Log

  init(_ invocation: Invocation) throws {
    let sources = ConfigurationSources(
      arguments: invocation.settings, environment: Self.environment(), dotEnv: try Self.dotEnv())
    configuration = try sources.load()
    if let zone = configuration.logTimeZone { setenv("TZ", zone, 1) }
    tzset()
    output = LogOutput(format: configuration.logFormat)
    log = output.log(level: configuration.logLevel)
  }

  /// The database for commands that only read it.
  func openForReading() async throws -> Store {
    var store = storeConfiguration
    store.isReadOnly = true
    return try await Store.open(store)
  }

  var storeConfiguration: Store.Configuration { configuration.store(log: log) }

  func logSettings() {
    output.write(
      level: .info, message: "Settings", fields: configuration.summary.map { ($0.name, $0.value) }, isUrgent: false)
  }

  private static func environment() -> [String: String] {
    var values: [String: String] = [:]
    for setting in Settings.all {
      if let value = getenv(setting.name) { values[setting.name] = String(cString: value) }
    }
    return values
  }

  private static func dotEnv() throws -> [String: String] {
    guard let file = fopen(".env", "rb") else {
      if errno == ENOENT { return [:] }
      throw ConfigurationError(".env cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return try DotEnv.parse(String(decoding: bytes.prefix(count), as: UTF8.self))
  }
}
