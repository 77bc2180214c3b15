import VerbatimModel

/// What was said up to a message, as one keyed hash: HMAC-SHA-256 over the hash before and the message's form, begun with
/// whose it is. So threads of two accounts, apps or users never meet, and who has the database but not what was said
/// cannot try sentences without the key, which the history keeps.
struct ThreadHash {
  private let key: [UInt8]
  private(set) var value: [UInt8]

  /// Of a thread at its beginning.
  init(key: [UInt8], call: String, account: String, app: String, user: String) {
    self.key = key
    var scope: [UInt8] = []
    for name in [call, account, app, user] {
      withUnsafeBytes(of: UInt64(name.utf8.count).littleEndian) { scope += $0 }
      scope += name.utf8
    }
    value = KeyedHash.digest(scope, key: key)
  }

  /// Of a thread that was followed before.
  init(key: [UInt8], value: [UInt8]) {
    self.key = key
    self.value = value
  }

  mutating func add(_ message: Message) { value = KeyedHash.digest(value + MessageForm.bytes(of: message), key: key) }

  /// The half that a head is found by.
  var head: [UInt8] { Array(value.prefix(ThreadHash.headSize)) }

  static let headSize = 16
}

extension UUIDv7 {
  /// The bytes of a head in a column of ids; no id itself.
  init(head: [UInt8]) {
    var halves: (high: UInt64, low: UInt64) = (0, 0)
    for byte in head.prefix(8) { halves.high = halves.high << 8 | UInt64(byte) }
    for byte in head.dropFirst(8).prefix(8) { halves.low = halves.low << 8 | UInt64(byte) }
    self.init(high: halves.high, low: halves.low)
  }
}
