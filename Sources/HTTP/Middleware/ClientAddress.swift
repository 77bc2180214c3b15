/// Finds the client's own address behind proxies that are known to tell the truth about it.
package struct ClientAddress: Middleware {
  private let trusted: TrustedProxies

  package init(behind trusted: TrustedProxies) { self.trusted = trusted }

  package func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    guard !trusted.isEmpty else { return try await next(request) }
    var request = request
    request.peerAddress = address(of: request)
    return try await next(request)
  }

  /// From the right, the first address that is no trusted proxy's: what stands left of it anybody may have written.
  package func address(of request: HTTPRequest) -> String {
    guard trusted.contains(request.peerAddress) else { return request.peerAddress }
    var nearest = request.peerAddress
    for hop in Self.forwardingHops(request.fields).reversed() {
      guard let address = Self.withoutPort(hop) else { break }
      nearest = address
      if !trusted.contains(address) { break }
    }
    return nearest
  }

  /// Whom an address stands for: an IPv4 address for itself, an IPv6 one for its network of 64 bits, all of which one
  /// host may have (RFC 6177). What is no address stands for itself.
  package static func network(of address: String) -> String {
    guard let bits = IPAddress(address)?.bits, bits >> 32 != 0xFFFF else { return address }
    return String(bits >> 64, radix: 16) + "::/64"
  }

  private static func forwardingHops(_ fields: HTTPFields) -> [Substring] {
    fields.values(of: "X-Forwarded-For")
      .flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
      .map { $0.drop { $0 == " " || $0 == "\t" } }
      .map { hop in hop.prefix { $0 != " " && $0 != "\t" } }
  }

  /// The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` and `[2001:db8::1]:80`; nil for anything else.
  private static func withoutPort(_ hop: Substring) -> String? {
    if IPAddress(hop) != nil { return String(hop) }
    let address =
      hop.first == "[" ? hop.dropFirst().prefix { $0 != "]" } : hop.prefix { $0 != ":" }
    return IPAddress(address) == nil ? nil : String(address)
  }
}

/// The proxies whose `X-Forwarded-For` is believed.
package struct TrustedProxies: Sendable, Equatable {
  private let networks: [IPNetwork]

  package var isEmpty: Bool { networks.isEmpty }

  /// Reads a setting: addresses and networks between commas, such as `127.0.0.1, 10.0.0.0/8, fd00::/8`.
  package init(setting: String) throws(HTTPSettingError) {
    var networks: [IPNetwork] = []
    for entry in setting.split(whereSeparator: { $0 == "," || $0 == " " }) {
      guard let network = IPNetwork(entry) else {
        throw HTTPSettingError(description: "\(entry) is neither an address nor a network such as 10.0.0.0/8")
      }
      networks.append(network)
    }
    self.networks = networks
  }

  func contains(_ text: String) -> Bool {
    guard let address = IPAddress(text) else { return false }
    return networks.contains { $0.contains(address) }
  }
}
