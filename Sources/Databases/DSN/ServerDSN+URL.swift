extension ServerDSN {
  /// `user:password@host:port/database?name=value`, everything percent-encoded: what stands behind `://`. Several hosts
  /// are separated by commas.
  init(urlBody body: Substring) throws(DSNError) {
    var rest = body
    if let (user, password, end) = try Self.credentials(in: body) {
      self.user = user
      self.password = password
      rest = body[body.index(after: end)...]
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    rest = rest[authority.endIndex...]
    for host in authority.split(separator: ",") { try add(host) }
    if rest.hasPrefix("/") {
      let path = rest.dropFirst().prefix { $0 != "?" }
      rest = rest[path.endIndex...]
      if path.contains("/") {
        throw DSNError(
          "has a / in its database name, or one in its password that is not encoded",
          allowed: "a name without /; in a password %40 for @, %3A for :, %2F for /")
      }
      database = path.isEmpty ? nil : try PercentCoding.decode(path, part: "database name")
    }
    parameters += try Self.parameters(ofQuery: rest.dropFirst())
  }

  private mutating func add(_ text: Substring) throws(DSNError) {
    let host = try Self.host(text)
    if host.name.hasPrefix("/") {
      socket = host.name
      if let port = host.port { parameters.append(Parameter(name: "port", value: String(port))) }
    } else {
      hosts.append(host)
    }
  }

  /// User and password, and where the @ behind them stands. A password may hold what is not encoded (@, or a / where
  /// only it can be meant): people paste them so.
  private static func credentials(
    in body: Substring
  ) throws(DSNError) -> (user: String, password: String?, at: Substring.Index)? {
    let authority = body.prefix { $0 != "/" && $0 != "?" }
    let at: Substring.Index
    if let last = authority.lastIndex(of: "@") {
      at = last
    } else if let last = body.lastIndex(of: "@"), !namesHosts(authority) {
      at = last
    } else {
      return nil
    }
    let text = body[..<at]
    guard let colon = text.firstIndex(of: ":") else { return (try PercentCoding.decode(text, part: "user"), nil, at) }
    let user = try PercentCoding.decode(text[..<colon], part: "user")
    return (user, try PercentCoding.decode(text[text.index(after: colon)...], part: "password"), at)
  }

  /// Whether a text is one host or several, by its ports: `root:secret` is not.
  static func namesHosts(_ text: Substring) -> Bool {
    text.split(separator: ",").allSatisfy { host in
      host.hasPrefix("[") || host.split(separator: ":").dropFirst().allSatisfy { UInt16($0) != nil }
    }
  }
}
