import COpenSSL
import Glibc
import VerbatimModel

/// Seals the keys and header fields of channels with AES-256-GCM.
///
/// The key of that is `SECRET_KEY`, the same for all replicas; or, for a database in a file, 32 bytes in a file beside
/// it that its owner alone may read, made when the first channel is.
package struct ChannelSecrets: Sendable {
  private let given: [UInt8]?
  /// nil for a server's database.
  private let path: String?

  init(given: [UInt8]?, path: String?) {
    self.given = given
    self.path = path
  }

  /// 32 bytes in Base64; nil for anything else.
  package static func key(parsing text: String) -> [UInt8]? {
    guard let key = Base64.decode(Bytes(utf8: text)), key.count == ContentKeys.keySize else { return nil }
    return key
  }

  func sealed(_ channel: Channel) throws(StoreError) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    if let key = channel.key {
      json.key("key")
      json.string(key)
    }
    json.key("fields")
    json.raw(Bytes(utf8: ChannelRow.object(channel.fields)))
    json.endObject()
    return AESGCM.seal(json.bytes[...], key: try key(isMade: true), authenticating: Self.place(channel))
  }

  func open(_ box: [UInt8], into channel: inout Channel) throws(StoreError) {
    guard let text = AESGCM.open(box, key: try key(isMade: false), authenticating: Self.place(channel)) else {
      throw .unusable("it was sealed with another SECRET_KEY, or was changed")
    }
    let json = JSONSlice(trusting: text[...])
    channel.key = json["key"]?.string?.string
    if let fields = json["fields"] { channel.fields = ChannelRow.pairs(fields) }
  }

  private static func place(_ channel: Channel) -> [UInt8] { Array("verbatim channel \(channel.id)".utf8) }

  private func key(isMade: Bool) throws(StoreError) -> [UInt8] {
    if let given { return given }
    guard let path else {
      throw .unusable(
        "the keys of channels are encrypted, and on a database server every replica needs the same key for that: set "
          + "SECRET_KEY (openssl rand -base64 32)")
    }
    if isMade { try make(path) }
    return try read(path)
  }

  /// Does nothing where it is there. It appears whole or not at all.
  private func make(_ path: String) throws(StoreError) {
    guard access(path, F_OK) != 0 else { return }
    var key = [UInt8](repeating: 0, count: ContentKeys.keySize)
    guard RAND_bytes(&key, Int32(key.count)) == 1 else { throw .unusable("the system has no random bytes") }
    let text = Base64.encode(key)
    let draft = "\(path).\(getpid())"
    let file = Glibc.open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { throw Self.failure("make", draft) }
    defer { unlink(draft) }
    let isWritten = write(file, text, text.count) == text.count && fsync(file) == 0
    close(file)
    guard isWritten else { throw Self.failure("write", draft) }
    if link(draft, path) != 0, errno != EEXIST { throw Self.failure("make", path) }
  }

  private func read(_ path: String) throws(StoreError) -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Self.failure("open", path) }
    defer { fclose(file) }
    var text = [UInt8](repeating: 0, count: 256)
    let count = fread(&text, 1, text.count, file)
    let line = String(decoding: text.prefix(count), as: UTF8.self).prefix { !$0.isWhitespace }
    guard let key = Self.key(parsing: String(line)) else {
      throw .unusable("\(path) does not hold 32 bytes in Base64, which the keys of channels are encrypted with")
    }
    return key
  }

  private static func failure(_ action: String, _ path: String) -> StoreError {
    .unusable(
      "cannot \(action) \(path), which the keys of channels are encrypted with: \(String(cString: strerror(errno)))")
  }
}
