import VerbatimModel

/// What the store does with sensitive values: it is the one way in, so whatever is to be recorded passes here before it is
/// queued, journalled or written.
struct StoreRedaction: Sendable {
  private let policy: RedactionPolicy
  private let masking: Redactor
  private let hashing: Redactor

  /// nil where nothing is redacted. `key`: of the hashes.
  init?(_ policy: RedactionPolicy, key: [UInt8]) {
    guard !policy.isOff else { return nil }
    self.policy = policy
    masking = Redactor(rules: policy.rules)
    hashing = Redactor(rules: policy.rules) { rule, value in
      Self.readable(KeyedHash.digest(Array(rule.utf8) + [0] + value, key: key))
    }
  }

  func redacted(_ exchange: NewExchange) -> NewExchange {
    redactor(of: exchange.appID)?.redacted(exchange) ?? exchange
  }

  /// nil where the app's text is kept as it is.
  func redactor(of app: String) -> Redactor? {
    switch policy.mode(of: app) {
    case .off: nil
    case .mask: masking
    case .hash: hashing
    }
  }

  /// 64 bits. The first digit is made a letter, so that no rule takes the rest for a number.
  private static func readable(_ digest: [UInt8]) -> String {
    var bytes = digest.prefix(8)
    if let first = bytes.first { bytes[0] = (10 + (first >> 4) % 6) << 4 | first & 0xF }
    return KeyedHash.hexadecimal(bytes)
  }
}
