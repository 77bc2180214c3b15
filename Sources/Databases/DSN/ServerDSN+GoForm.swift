extension ServerDSN {
  /// The form of Go's MySQL driver, `user:password@tcp(host:port)/database?name=value`: nothing is encoded before the
  /// database's name, so that user and password may hold any character (the user no colon).
  ///
  /// nil for what is not of this form.
  init?(goForm dsn: String) throws(DSNError) {
    guard let (head, tail) = Self.halves(dsn) else { return nil }
    var address = head
    if let at = Self.endOfCredentials(head) {
      let credentials = head[..<at]
      address = head[head.index(after: at)...]
      let colon = credentials.firstIndex(of: ":") ?? credentials.endIndex
      user = credentials.isEmpty ? nil : String(credentials[..<colon])
      password = colon < credentials.endIndex ? String(credentials[credentials.index(after: colon)...]) : nil
    }
    try setAddress(address)
    let name = tail.prefix { $0 != "?" }
    database = name.isEmpty ? nil : try PercentCoding.decode(name, part: "database name")
    parameters = try Self.parameters(ofQuery: tail[name.endIndex...].dropFirst())
  }

  /// What stands before the slash that ends the address, and what stands behind it.
  private static func halves(_ dsn: String) -> (head: Substring, tail: Substring)? {
    guard !dsn.hasPrefix("/"), !dsn.hasPrefix(".") else { return nil }
    if let end = dsn.ranges(of: ")/").last {
      let head = dsn[..<dsn.index(before: end.upperBound)]
      guard let open = head.lastIndex(of: "(") else { return nil }
      let network = head[..<open].reversed().prefix { $0.isLetter || $0.isNumber }
      let before = head[..<open].dropLast(network.count)
      guard before.hasSuffix("@") || (before.isEmpty && !network.isEmpty) else { return nil }
      return (head, dsn[end.upperBound...])
    }
    // Without an address: the driver's own, 127.0.0.1:3306.
    for bare in ["@/", "@tcp/"] {
      guard let end = dsn.ranges(of: bare).last else { continue }
      return (dsn[..<dsn.index(before: end.upperBound)], dsn[end.upperBound...])
    }
    return nil
  }

  /// The @ before the address.
  private static func endOfCredentials(_ head: Substring) -> Substring.Index? {
    let beforeAddress = head.lastIndex(of: "(").map { head[..<$0] } ?? head
    return beforeAddress.lastIndex(of: "@")
  }

  private mutating func setAddress(_ text: Substring) throws(DSNError) {
    let open = text.firstIndex(of: "(") ?? text.endIndex
    let address = text[open...].dropFirst().dropLast()
    switch text[..<open] {
    case "", "tcp", "tcp4", "tcp6":
      if !address.isEmpty { hosts = [try Self.host(address)] }
    case "unix":
      if address.isEmpty { throw DSNError("names no socket", allowed: "unix(/run/mysqld/mysqld.sock)") }
      socket = String(address)
    default:
      throw DSNError(
        "names a network that is not known", allowed: "tcp(host:port), tcp([IPv6 address]:port) or unix(/path)")
    }
  }
}
