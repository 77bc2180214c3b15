import VerbatimModel

/// A table that is searched.
struct SearchedTable: Sendable, Hashable {
  let name: String
  /// Whether a row is a failed exchange, with all that was said, and not a message.
  let holdsFailures: Bool
}

extension DayPlace {
  /// The tables that hold texts of the day, without those that were found to be gone.
  func searchedTables(without absent: Set<String>) -> [SearchedTable] {
    let messages: [SearchedTable] = messageTables.map { SearchedTable(name: $0, holdsFailures: false) }
    let failures: [SearchedTable] = errorTables.map { SearchedTable(name: $0, holdsFailures: true) }
    return (messages + failures).filter { !absent.contains($0.name) }
  }
}

/// What a failed exchange says, as it is searched: what was asked, what came before it failed, and what the error said,
/// one below the other.
enum FailureText {
  /// Stands for the roles of all who speak in it.
  static let role = "error"

  /// Of a row's columns; nil where one of them is sealed.
  static func text(
    of id: UUIDv7, content: Bytes?, request: Bytes?, message: Bytes?, _ keys: ContentKeys
  ) throws -> Bytes? {
    guard ![content, request, message].contains(where: { $0.map(ContentKeys.isSealed) ?? false }) else { return nil }
    let asked: [Message] = try FailedRequest.decode(try request.map { try keys.opened($0, of: id, .request) }).messages
    let said: [Bytes?] =
      asked.map(\.content) + [
        try content.map { try keys.opened($0, of: id, .content) },
        try message.map { try keys.opened($0, of: id, .errorMessage) },
      ]
    return Array(said.compactMap { $0 }.joined(separator: [UInt8(ascii: "\n")]))[...]
  }
}
