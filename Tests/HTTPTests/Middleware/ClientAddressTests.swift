import Testing

@testable import HTTP

struct ClientAddressTests {
  private func address(peer: String, forwarded: [String], trusted: String) async throws -> String? {
    var fields: HTTPFields = [:]
    for value in forwarded { fields.append("X-Forwarded-For", value) }
    let handler = ClientAddress(behind: try TrustedProxies(setting: trusted)).before { request in
      HTTPResponse(status: 200, fields: ["Peer": request.peerAddress])
    }
    let request = HTTPRequest(method: "GET", path: "/", fields: fields, peerAddress: peer)
    return try await handler(request).fields["Peer"]
  }

  @Test(arguments: [
    // Nobody is trusted, or not this peer.
    ("192.0.2.1", ["203.0.113.9"], "", "192.0.2.1"),
    ("192.0.2.1", ["203.0.113.9"], "10.0.0.0/8", "192.0.2.1"),
    ("not an address", ["203.0.113.9"], "10.0.0.0/8", "not an address"),
    // The right-most that is no proxy's.
    ("10.0.0.1", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
    ("10.0.0.1", ["6.6.6.6, 203.0.113.9, 10.1.2.3"], "10.0.0.0/8", "203.0.113.9"),
    ("10.0.0.1", ["6.6.6.6", "203.0.113.9", "10.1.2.3"], "10.0.0.0/8", "203.0.113.9"),
    ("10.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.0.0.0/8", "10.9.9.9"),
    ("10.0.0.1", [], "10.0.0.0/8", "10.0.0.1"),
    // What is no address ends the chain.
    ("10.0.0.1", ["unknown"], "10.0.0.0/8", "10.0.0.1"),
    ("10.0.0.1", ["203.0.113.9, , 10.1.2.3"], "10.0.0.0/8", "10.1.2.3"),
    ("10.0.0.1", ["203.0.113.9; drop table"], "10.0.0.0/8", "10.0.0.1"),
    ("10.0.0.1", ["203.0.113.999"], "10.0.0.0/8", "10.0.0.1"),
    // Forms.
    ("10.0.0.1", ["203.0.113.9:4711"], "10.0.0.0/8", "203.0.113.9"),
    ("10.0.0.1", ["[2001:db8::7]:4711"], "10.0.0.0/8", "2001:db8::7"),
    ("10.0.0.1", ["\t2001:db8::7 "], "10.0.0.0/8", "2001:db8::7"),
    ("::ffff:10.0.0.1", ["203.0.113.9"], "10.0.0.0/8", "203.0.113.9"),
    ("fd00::1", ["203.0.113.9"], "fd00::/8,127.0.0.1", "203.0.113.9"),
    ("127.0.0.1", ["203.0.113.9"], "fd00::/8, 127.0.0.1", "203.0.113.9"),
    ("127.0.0.2", ["203.0.113.9"], "fd00::/8, 127.0.0.1", "127.0.0.2"),
  ])
  func `the client is the right-most address that is no trusted proxy's`(
    peer: String, forwarded: [String], trusted: String, expected: String
  ) async throws {
    #expect(try await address(peer: peer, forwarded: forwarded, trusted: trusted) == expected)
  }

  @Test(arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "fd00::/129", "localhost", "10.0.0.0/", "*", "/8"])
  func `a setting that is no network is refused`(setting: String) {
    #expect(throws: HTTPSettingError.self) { try TrustedProxies(setting: setting) }
  }

  @Test(arguments: [
    ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "2001:db8::1", true),
    ("192.168.4.0/22", "192.168.7.255", true), ("192.168.4.0/22", "192.168.8.0", false),
    ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
    ("10.1.2.3/8", "10.200.0.1", true), ("10.0.0.0/8", "10.0.0.1\0", false),
  ])
  func `a network holds its own addresses`(network: String, address: String, isInside: Bool) throws {
    #expect(try TrustedProxies(setting: network).contains(address) == isInside)
  }
}
