/// Where settings come from, the stronger first: arguments, environment, `.env`; defaults hold where none speaks.
package struct ConfigurationSources: Sendable {
  /// Values by setting name.
  package var arguments: [String: String] = [:]
  package var environment: [String: String] = [:]
  package var dotEnv: [String: String] = [:]

  package init(arguments: [String: String] = [:], environment: [String: String] = [:], dotEnv: [String: String] = [:]) {
    self.arguments = arguments
    self.environment = environment
    self.dotEnv = dotEnv
  }

  package func load() throws(ConfigurationError) -> Configuration {
    var configuration = Configuration()
    for setting in Settings.all where !setting.isDSN {
      guard let value = value(of: setting.name) else { continue }
      try apply(setting, value, to: &configuration)
    }
    try chooseDatabases(&configuration)
    for setting in [Settings.readDatabase, Settings.redis] {
      if let value = value(of: setting.name) { try apply(setting, value, to: &configuration) }
    }
    if value(of: "PARTITION_TIMEZONE") == nil, let zone = configuration.logTimeZone {
      configuration.partitionTimeZone = zone
    }
    if configuration.isDebug {
      configuration.logLevel = .debug
      configuration.slowQueryThreshold = .zero
    }
    configuration.server.host = configuration.host
    configuration.server.port = configuration.port
    configuration.summary = summary(of: configuration)
    return configuration
  }

  private func apply(
    _ setting: Setting, _ value: String, to configuration: inout Configuration
  ) throws(ConfigurationError) {
    do {
      try setting.apply(value, &configuration)
    } catch {
      throw ConfigurationError("\(setting.name)=\(setting.shown(value)) \(error.problem); allowed: \(error.allowed)")
    }
  }

  /// An empty variable counts as unset, as container tools pass them; an empty argument does not.
  private func value(of name: String) -> String? {
    if let value = arguments[name] { return value }
    for source in [environment, dotEnv] {
      if let value = source[name], !value.isEmpty { return value }
    }
    return nil
  }

  /// The main database, and the history's where one is named for it. Whoever types the main one alone means it for the
  /// history, too, whatever the environment says: `verbatim verify --database copy.db` looks at no other. Whoever names
  /// the history's alone has the main one there, too, so that replicas share their keys.
  private func chooseDatabases(_ configuration: inout Configuration) throws(ConfigurationError) {
    let main = mainDatabase()
    if let (setting, value) = main { try apply(setting, value, to: &configuration) }
    let history = Settings.historyDatabase
    let isMainTyped = main.map { arguments[$0.0.name] != nil } ?? false
    guard let value = isMainTyped ? arguments[history.name] : value(of: history.name) else { return }
    try apply(history, value, to: &configuration)
    if main == nil { configuration.mainDatabase = configuration.historyDatabase }
  }

  /// The strongest source that names it decides, and within it `SQL_DSN`.
  private func mainDatabase() -> (Setting, String)? {
    for setting in Settings.mainDatabase {
      if let value = arguments[setting.name] { return (setting, value) }
    }
    for source in [environment, dotEnv] {
      for setting in Settings.mainDatabase {
        if let value = source[setting.name], !value.isEmpty { return (setting, value) }
      }
    }
    return nil
  }

  private func summary(of configuration: Configuration) -> [(name: String, value: String)] {
    Settings.all.compactMap { setting in
      let known: String? =
        switch setting.name {
        case "PARTITION_TIMEZONE": configuration.partitionTimeZone
        case "AUTH": configuration.authentication?.rawValue
        default: value(of: setting.name).map(setting.shown) ?? (setting.standard.isEmpty ? nil : setting.standard)
        }
      return known.map { (name: setting.name, value: $0) }
    }
  }
}
