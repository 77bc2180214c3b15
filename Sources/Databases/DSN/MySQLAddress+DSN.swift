extension MySQLAddress {
  /// Throws for a parameter that is not known, since a slip in `tls` would go unnoticed otherwise.
  init(_ dsn: ServerDSN) throws(DSNError) {
    let form = "user:password@tcp(host:3306)/db or mysql://user:password@host/db"
    guard let user = dsn.user, !user.isEmpty else { throw DSNError("names no user", allowed: form) }
    guard let database = dsn.database else { throw DSNError("names no database", allowed: form) }
    guard dsn.hosts.count <= 1 else { throw DSNError("names several hosts", allowed: form) }
    let host = dsn.hosts.first ?? ServerDSN.Host(name: "127.0.0.1", port: nil)
    self.init(
      dsn.socket.map { .socket($0) } ?? .host(host.name, port: host.port ?? 3306), user: user, password: dsn.password,
      database: database)
    for parameter in dsn.parameters { try apply(parameter) }
    if tlsMode == .disabled, rootCertificate != nil { tlsMode = .verified }
  }

  private mutating func apply(_ parameter: ServerDSN.Parameter) throws(DSNError) {
    let name = parameter.name.lowercased().filter { $0 != "_" && $0 != "-" }
    switch name {
    case "tls": tlsMode = try DSNValue.choice(parameter, of: GoTLS.self).mode
    case "ssl": tlsMode = try DSNValue.flag(parameter) ? .unverified : .disabled
    case "sslmode": tlsMode = try DSNValue.choice(parameter, of: ClientTLS.self).mode
    case "ssldisabled": if try DSNValue.flag(parameter) { tlsMode = .disabled }
    case "sslverifycert", "sslverifyidentity":
      tlsMode = try DSNValue.flag(parameter) ? .verified : .unverified
    case "sslca": rootCertificate = parameter.value
    case "sslcert": certificate = parameter.value
    case "sslkey": privateKey = parameter.value
    case "timeout", "connecttimeout": connectTimeout = try Self.limit(parameter) ?? connectTimeout
    case "readtimeout": readTimeout = try Self.limit(parameter)
    case "writetimeout": writeTimeout = try Self.limit(parameter)
    case "maxallowedpacket":
      let size = try DSNValue.integer(parameter, 0...(1 << 30))
      maximumPacket = size == 0 ? nil : size
    case "unixsocket", "socket": place = .socket(parameter.value)
    case "bulk": usesBulk = try DSNValue.flag(parameter)
    case let name where Self.withoutEffect.contains(name): break
    case let name where Self.sessionVariables.contains(name): variables[parameter.name.lowercased()] = parameter.value
    default: throw DSNError("has a parameter that is not known: \(parameter.name)", allowed: Self.allowedParameters)
    }
  }

  /// nil for 0, which means no limit.
  private static func limit(_ parameter: ServerDSN.Parameter) throws(DSNError) -> Duration? {
    let duration = try DSNValue.duration(parameter)
    return duration == .zero ? nil : duration
  }

  private static let allowedParameters =
    "tls, ssl_ca, ssl_cert, ssl_key, ssl_mode, timeout, readTimeout, writeTimeout, maxAllowedPacket, unix_socket, bulk, "
    + "charset, collation, parseTime, loc and the other parameters of Go's driver"

  /// What other clients have to be told and this one does anyway, or never: its text is UTF-8, its times UTC.
  private static let withoutEffect: Set<String> = [
    "allowallfiles", "allowcleartextpasswords", "allowfallbacktoplaintext", "allownativepasswords",
    "allowoldpasswords", "autocommit", "charset", "checkconnliveness", "clientfoundrows", "collation",
    "columnswithalias", "compress", "connectionattributes", "interpolateparams", "loc", "localinfile",
    "multistatements", "parsetime", "rejectreadonly", "serverpubkey", "sqlmode", "sslcheckhostname", "timetruncate",
    "timezone", "transactionisolation", "txisolation", "useunicode",
  ]

  private static let sessionVariables: Set<String> = [
    "innodblockwaittimeout", "interactivetimeout", "lockwaittimeout", "maxexecutiontime", "maxstatementtime",
    "netreadtimeout", "netwritetimeout", "waittimeout",
  ]
}

extension MySQLAddress {
  /// `tls=` of Go's driver.
  private enum GoTLS: String, CaseIterable {
    case `true`, `false`, preferred
    case skipVerify = "skip-verify"

    var mode: TLSMode {
      switch self {
      case .true: .verified
      case .false: .disabled
      case .preferred: .preferred
      case .skipVerify: .unverified
      }
    }
  }

  /// `--ssl-mode=` of MySQL's own clients. An authority without the host's name is not to be had: it is both.
  private enum ClientTLS: String, CaseIterable {
    case disabled, preferred, required
    case verifyAuthority = "verify_ca"
    case verifyIdentity = "verify_identity"

    var mode: TLSMode {
      switch self {
      case .disabled: .disabled
      case .preferred: .preferred
      case .required: .unverified
      case .verifyAuthority, .verifyIdentity: .verified
      }
    }
  }
}
