import Glibc
import VerbatimModel
import VerbatimStore

/// What every command begins with: its settings and its log.
package struct Session: Sendable {
  package let configuration: Configuration
  package let output: LogOutput
  package let log: Log

  /// `arguments`: settings by name, as they were typed. Tools speak for themselves: their log has warnings and errors.
  package init(arguments: [String: String], isTool: Bool = true) throws {
    let sources = ConfigurationSources(
      arguments: arguments, environment: Self.environment(), dotEnv: try Self.dotEnv())
    configuration = try sources.load()
    if let zone = configuration.logTimeZone { setenv("TZ", zone, 1) }
    tzset()
    output = LogOutput(format: configuration.logFormat)
    log = output.log(level: isTool ? max(configuration.logLevel, .warning) : configuration.logLevel)
  }

  package func logSettings() {
    guard log.level <= .info else { return }
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
