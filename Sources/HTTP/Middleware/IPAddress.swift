import Glibc

/// An IPv4 or IPv6 address; the former in the place IPv6 has for it, `::ffff:0:0/96`.
struct IPAddress: Sendable, Hashable {
  let bits: UInt128

  init?(_ text: some StringProtocol) {
    var four = in_addr()
    var six = in6_addr()
    let text = String(text)
    guard !text.utf8.contains(0) else { return nil }
    if inet_pton(AF_INET, text, &four) == 1 {
      bits = 0xFFFF << 32 | UInt128(UInt32(bigEndian: four.s_addr))
    } else if inet_pton(AF_INET6, text, &six) == 1 {
      bits = withUnsafeBytes(of: six) { $0.reduce(0) { $0 << 8 | UInt128($1) } }
    } else {
      return nil
    }
  }
}

/// Neighbouring addresses: `10.0.0.0/8`, `fd00::/8`, or one address alone.
struct IPNetwork: Sendable, Hashable {
  private let first: UInt128
  private let mask: UInt128

  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parts[0]) else { return nil }
    let width = parts[0].contains(":") ? 128 : 32
    var length = width
    if parts.count == 2 {
      guard let given = Int(parts[1]), (0...width).contains(given) else { return nil }
      length = given
    }
    mask = UInt128.max << (width - length)
    first = address.bits & mask
  }

  func contains(_ address: IPAddress) -> Bool { address.bits & mask == first }
}
