/// The parts of a database server's DSN, whatever form it was written in, before an engine makes sense of them.
struct ServerDSN: Equatable {
  struct Host: Equatable {
    /// A name or an address, without brackets.
    var name: String
    var port: UInt16?
  }

  struct Parameter: Equatable {
    var name: String
    var value: String
  }

  var user: String?
  var password: String?
  /// Empty where the DSN names none.
  var hosts: [Host] = []
  /// The path of a unix socket, or of its folder.
  var socket: String?
  var database: String?
  /// In their order; a name may stand more than once.
  var parameters: [Parameter] = []

  /// `name=value&name=value`, percent-encoded.
  static func parameters(ofQuery query: Substring) throws(DSNError) -> [Parameter] {
    var parameters: [Parameter] = []
    for pair in query.split(separator: "&") {
      guard let equals = pair.firstIndex(of: "=") else {
        throw DSNError("has a parameter without a value", allowed: "?name=value&name=value")
      }
      let name = try PercentCoding.decode(pair[..<equals], part: "parameters")
      let value = try PercentCoding.decode(pair[pair.index(after: equals)...], part: "parameters")
      parameters.append(Parameter(name: name, value: value))
    }
    return parameters
  }

  /// `host`, `host:3306`, `[::1]`, `[::1]:3306`.
  static func host(_ text: Substring) throws(DSNError) -> Host {
    let allowed = "host, host:port or [IPv6 address]:port"
    var name = text
    var port: Substring?
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else {
        throw DSNError("has an IPv6 address whose bracket is not closed", allowed: allowed)
      }
      name = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else {
        throw DSNError("has more than a port behind an IPv6 address", allowed: allowed)
      }
      if !rest.isEmpty { port = rest.dropFirst() }
    } else if let colon = text.firstIndex(of: ":") {
      name = text[..<colon]
      port = text[text.index(after: colon)...]
      if port?.contains(":") == true { throw DSNError("has an IPv6 address without brackets", allowed: allowed) }
    }
    return Host(name: try PercentCoding.decode(name, part: "host"), port: try port.flatMap(Self.port))
  }

  /// nil for an empty one: the engine's own.
  static func port(_ text: some StringProtocol) throws(DSNError) -> UInt16? {
    if text.isEmpty { return nil }
    guard let port = UInt16(text), port > 0 else {
      throw DSNError("has a port that is none", allowed: "a whole number from 1 to 65535")
    }
    return port
  }
}
