import Glibc

extension PostgresAddress {
  /// Where libpq of Debian looks for the server's socket when no host is named.
  private static let standardSocketFolder = "/var/run/postgresql"

  /// Throws for a parameter that is not known, since a slip in `sslmode` would go unnoticed otherwise.
  init(_ dsn: ServerDSN) throws(DSNError) {
    var parts = dsn
    var others: [ServerDSN.Parameter] = []
    var ports = ""
    for parameter in dsn.parameters {
      switch parameter.name.lowercased() {
      case "host": try parts.setHosts(parameter.value)
      case "port": ports = parameter.value
      case "user": parts.user = parameter.value
      case "password": parts.password = parameter.value
      case "dbname", "database": parts.database = parameter.value
      default: others.append(parameter)
      }
    }
    try parts.setPorts(ports)
    guard let database = parts.database, !database.isEmpty else {
      throw DSNError("names no database", allowed: "postgres://user:password@host/db or host=… dbname=…")
    }
    var hosts = parts.hosts.map { Host($0.name, port: $0.port ?? 5432) }
    if hosts.isEmpty { hosts = [Host(Self.standardSocketFolder)] }
    self.init(hosts: hosts, user: parts.user ?? Self.loginName, password: parts.password, database: database)
    for parameter in others { try apply(parameter) }
  }

  /// As libpq has it where no user is named.
  private static var loginName: String {
    getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "postgres"
  }

  private mutating func apply(_ parameter: ServerDSN.Parameter) throws(DSNError) {
    let name = parameter.name.lowercased()
    switch name {
    case "sslmode", "ssl":
      tlsMode = name == "ssl" && parameter.value == "true" ? .require : try DSNValue.choice(parameter, of: TLSMode.self)
    case "sslrootcert": rootCertificate = parameter.value
    case "sslcert": certificate = parameter.value
    case "sslkey": privateKey = parameter.value
    case "connect_timeout", "timeout": connectTimeout = .seconds(try DSNValue.integer(parameter, 1...3600))
    case let name where Self.libraryParameters.contains(name): parameters[name] = parameter.value
    case let name where Self.serverParameters.contains(name): addOption(name, parameter.value)
    case let name where Self.withoutEffect.contains(name): break
    default: throw DSNError("has a parameter that is not known: \(parameter.name)", allowed: Self.allowedParameters)
    }
  }

  /// A setting of the session, as libpq's `options` carry it.
  private mutating func addOption(_ name: String, _ value: String) {
    let escaped = value.map { $0 == "\\" || $0.isWhitespace ? "\\\($0)" : "\($0)" }.joined()
    let option = "-c \(name)=\(escaped)"
    parameters["options"] = parameters["options"].map { "\($0) \(option)" } ?? option
  }

  private static let allowedParameters =
    "sslmode, sslrootcert, sslcert, sslkey, connect_timeout, application_name, options, target_session_attrs, host, port "
    + "and libpq's others, search_path, statement_timeout, lock_timeout"

  private static let libraryParameters: Set<String> = [
    "application_name", "channel_binding", "fallback_application_name", "gssencmode", "gsslib", "hostaddr",
    "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname", "options", "passfile",
    "requirepeer", "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcompression", "sslcrl", "sslcrldir",
    "sslpassword", "sslsni", "target_session_attrs", "tcp_user_timeout",
  ]

  private static let serverParameters: Set<String> = [
    "idle_in_transaction_session_timeout", "lock_timeout", "search_path", "statement_timeout",
  ]

  /// What other clients have to be told and this one does anyway, or never: its text is UTF-8, its times UTC.
  private static let withoutEffect: Set<String> = [
    "binary_parameters", "client_encoding", "command_timeout", "default_query_exec_mode", "description_cache_capacity",
    "pool_health_check_period", "pool_max_conn_idle_time", "pool_max_conn_lifetime", "pool_max_conns", "pool_min_conns",
    "prefer_simple_protocol", "prepared_statement_cache_size", "statement_cache_capacity", "timezone",
  ]
}

extension ServerDSN {
  /// `host=` as libpq has it: several separated by commas, a folder of a socket among them.
  fileprivate mutating func setHosts(_ list: String) throws(DSNError) {
    hosts = list.split(separator: ",").map { Host(name: String($0), port: nil) }
    socket = nil
  }

  /// One port for all hosts, or as many as there are hosts.
  fileprivate mutating func setPorts(_ list: String) throws(DSNError) {
    if let socket {
      hosts.append(Host(name: socket, port: nil))
      self.socket = nil
    }
    guard !list.isEmpty else { return }
    let ports = list.split(separator: ",", omittingEmptySubsequences: false)
    if hosts.isEmpty { hosts = [Host(name: "/var/run/postgresql", port: nil)] }
    guard ports.count == 1 || ports.count == hosts.count else {
      throw DSNError("has \(ports.count) ports for \(hosts.count) hosts", allowed: "one port, or one for each host")
    }
    for index in hosts.indices { hosts[index].port = try Self.port(ports.count == 1 ? ports[0] : ports[index]) }
  }
}
