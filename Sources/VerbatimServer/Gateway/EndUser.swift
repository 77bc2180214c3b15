import VerbatimModel

/// The user whom a client names to a provider, which takes longer names than Verbatim does.
enum EndUser {
  /// The name itself or, where it is longer than an id may be, its SHA-256 in hexadecimal digits: so nobody is refused for
  /// it, and strangers stay strangers.
  static func id(_ name: String) -> String {
    guard name.unicodeScalars.count > IngestLimits.userID else { return name }
    return SHA256.hex(Bytes(utf8: name)) ?? String(name.prefix(IngestLimits.userID))
  }
}
