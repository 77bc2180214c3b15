import COpenSSL
import Databases
import VerbatimModel

/// A message as the index takes it, or a failed exchange.
struct IndexedMessage: Sendable {
  let id: UUIDv7
  let exchangeID: UUIDv7
  let account: String
  /// Of its conversation.
  let app: String
  let user: String
  let role: String
  /// Of its exchange.
  var model: String?
  /// nil where there is none, and where it is sealed.
  let content: Bytes?
  let isSealed: Bool

  private static let columns = """
    m.id, m.exchange_id, m.account_id, coalesce(c.app_id, m.app_id), coalesce(c.user_id, m.user_id), m.role, m.model_name,
      m.content
    """

  /// What `init` reads of a row.
  static func columns(of table: SearchedTable) -> String {
    table.holdsFailures ? columns + ", m.request, m.error_message" : columns
  }

  init(_ row: Row, of table: SearchedTable, _ keys: ContentKeys) throws {
    let id: UUIDv7 = try row.uuid(0)
    self.id = id
    exchangeID = try row.uuid(1)
    account = row.text(2)
    app = row.text(3)
    user = row.text(4)
    model = row.optionalText(6)
    let stored: Bytes? = row.bytes(7)
    guard !table.holdsFailures else {
      role = FailureText.role
      content = try FailureText.text(of: id, content: stored, request: row.bytes(8), message: row.bytes(9), keys)
      isSealed = content == nil
      return
    }
    role = row.text(5)
    isSealed = stored.map(ContentKeys.isSealed) ?? false
    content = isSealed ? nil : try stored.map { try keys.opened($0, of: id, .content) }
  }
}

/// Terms that say whose a message is and what kind: they stand before all words.
enum SearchProperty: UInt8, CaseIterable, Sendable {
  case account = 1
  case app, user, role, model

  private static let longest = 48

  /// A value that is long stands there by its digest.
  func term(_ value: String) -> [UInt8] {
    let bytes = Array(value.utf8)
    guard bytes.count > Self.longest else { return [rawValue] + bytes }
    var digest = [UInt8](repeating: 0, count: 32)
    SHA256(bytes, bytes.count, &digest)
    return [rawValue | 0x10] + digest
  }
}
