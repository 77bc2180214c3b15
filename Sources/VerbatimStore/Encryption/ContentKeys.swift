import COpenSSL
import VerbatimModel

/// The keys that what was said is encrypted with before it is stored: one that seals, and all that open.
package struct ContentKeys: Sendable {
  /// Why a list of keys cannot be used; never says what a key is.
  package struct Fault: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  static let keySize = 32

  /// By id, which stands in what a key has sealed.
  private let keys: [String: [UInt8]]
  /// Of the key that seals; nil: what comes is stored as it is.
  let current: String?

  /// Seals nothing and opens nothing.
  package static let none = ContentKeys()

  private init() {
    keys = [:]
    current = nil
  }

  /// From `id:key,id:key`, or a line each: keys are 32 bytes in Base64, the first one seals. Of a list that begins with
  /// `none` no key seals, so that what is sealed can be opened for good.
  package init(parsing text: String) throws(Fault) {
    var keys: [String: [UInt8]] = [:]
    var first: String?
    let entries = text.split { $0 == "," || $0.isNewline }.map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
    for (number, entry) in entries.enumerated() {
      if number == 0, entry == "none" { continue }
      let parts = entry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, Self.isID(parts[0]) else {
        throw Fault(description: "key \(number + 1) is not id:key with an id of 1 to 32 of a-z, 0-9, _ and -")
      }
      let id = String(parts[0])
      guard let key = Base64.decode(Bytes(utf8: String(parts[1]))), key.count == Self.keySize else {
        throw Fault(description: "the key \(id) is not 32 bytes in Base64 (openssl rand -base64 32)")
      }
      guard keys.updateValue(key, forKey: id) == nil else { throw Fault(description: "the key \(id) is there twice") }
      if number == 0 { first = id }
    }
    guard !keys.isEmpty else { throw Fault(description: "there is no key") }
    self.keys = keys
    current = first
  }

  private static func isID(_ id: Substring) -> Bool {
    (1...32).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
      }
  }

  func key(_ id: String) -> [UInt8]? { keys[id] }

  var ids: [String] { keys.keys.sorted() }

  package var areThere: Bool { !keys.isEmpty }
}

/// What is sealed.
enum SealedColumn: String {
  case content, raw, request, inputs, other, name
  case toolCalls = "tool_calls"
  case errorMessage = "error_message"
  /// A file's URL, name and metadata together.
  case file
  case conversationName = "the conversation's name"
  case conversationInputs = "the conversation's inputs"
  case conversationMetadata = "the conversation's metadata"
  case systemMessage = "system_message"
  case stopSequences = "stop_sequences"
  case tag
}

/// What a sealed text of a conversation is bound to.
struct ConversationPlace: Sendable {
  let account: String
  let id: String
}

extension ContentKeys {
  /// What a stored text that is not as it came begins with: `enc:v1:` a sealed one, `enc:v0:` one that happens to begin
  /// so itself.
  static let mark = Array("enc:v".utf8)
  private static let sealedMark = Array("enc:v1:".utf8)
  private static let plainMark = Array("enc:v0:".utf8)

  static func isMarked(_ text: Bytes) -> Bool { text.first == mark[0] && text.starts(with: mark) }

  static func isSealed(_ text: Bytes) -> Bool { text.first == mark[0] && text.starts(with: sealedMark) }

  /// Whether the text is as it would be stored now.
  func isCurrent(_ stored: Bytes) -> Bool {
    guard let current else { return !Self.isSealed(stored) }
    return stored.starts(with: Self.sealedMark + Array(current.utf8) + [UInt8(ascii: ":")])
  }

  /// As it is to be stored: `enc:v1:`, the key's id, `:`, and Base64 of nonce, ciphertext and tag. It opens in its row
  /// and column alone.
  func sealed(_ text: Bytes, of row: UUIDv7, _ column: SealedColumn) -> Bytes {
    guard let current else { return Self.plain(text) }
    return sealed(text, at: Self.place(row, column), keyID: current)
  }

  /// Likewise, in its conversation.
  func sealed(_ text: Bytes, of conversation: ConversationPlace, _ column: SealedColumn) -> Bytes {
    guard let current else { return Self.plain(text) }
    return sealed(text, at: Self.place(conversation, column), keyID: current)
  }

  /// As it is, but for what begins as a sealed one does.
  static func plain(_ text: Bytes) -> Bytes { isMarked(text) ? (plainMark + text)[...] : text }

  func sealed(_ text: Bytes, at place: [UInt8], keyID: String, nonce: [UInt8]? = nil) -> Bytes {
    guard let key = keys[keyID] else { return Self.plain(text) }
    let box = AESGCM.seal(text, key: key, authenticating: place, nonce: nonce)
    return (Self.sealedMark + Array(keyID.utf8) + [UInt8(ascii: ":")] + Base64.encode(box))[...]
  }

  /// What was stored. Throws where its key is not there, and where it was changed or moved.
  func opened(_ stored: Bytes, of row: UUIDv7, _ column: SealedColumn) throws(StoreError) -> Bytes {
    guard Self.isMarked(stored) else { return stored }
    return try opened(stored, at: Self.place(row, column), "\(column.rawValue) of \(row)")
  }

  func opened(_ stored: Bytes, of conversation: ConversationPlace, _ column: SealedColumn) throws(StoreError) -> Bytes {
    guard Self.isMarked(stored) else { return stored }
    return try opened(
      stored, at: Self.place(conversation, column), "\(column.rawValue) of the conversation \(conversation.id)")
  }

  /// `name`: of the text, for people.
  func opened(_ stored: Bytes, at place: [UInt8], _ name: String) throws(StoreError) -> Bytes {
    if stored.starts(with: Self.plainMark) { return stored.dropFirst(Self.plainMark.count) }
    let rest = stored.dropFirst(Self.sealedMark.count)
    guard Self.isSealed(stored), let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return stored }
    let id = rest[..<colon].string
    guard let key = keys[id] else {
      throw .unusable("\(name) is encrypted with the key \(id), which CONTENT_KEYS does not have")
    }
    let box = Base64.decode(rest[(colon + 1)...])
    guard let box, let text = AESGCM.open(box, key: key, authenticating: place) else {
      throw .unusable("\(name) cannot be opened with the key \(id): it was changed, or the key is another one")
    }
    return text[...]
  }

  private static func place(_ row: UUIDv7, _ column: SealedColumn) -> [UInt8] {
    Array("verbatim content ".utf8) + row.bytes + Array(column.rawValue.utf8)
  }

  private static func place(_ conversation: ConversationPlace, _ column: SealedColumn) -> [UInt8] {
    let (account, id) = (conversation.account, conversation.id)
    return Array("verbatim conversation \(account.utf8.count) \(account)\(id)\0\(column.rawValue)".utf8)
  }
}

/// What is kept outside of the history for a while: it opens under its name alone.
extension ContentKeys {
  package func sealed(_ text: Bytes, cachedAs name: String) -> Bytes {
    guard let current else { return Self.plain(text) }
    return sealed(text, at: Self.place(cached: name), keyID: current)
  }

  package func opened(_ stored: Bytes, cachedAs name: String) throws(StoreError) -> Bytes {
    guard Self.isMarked(stored) else { return stored }
    return try opened(stored, at: Self.place(cached: name), "a cached answer")
  }

  private static func place(cached name: String) -> [UInt8] { Array("verbatim cache \(name)".utf8) }
}
