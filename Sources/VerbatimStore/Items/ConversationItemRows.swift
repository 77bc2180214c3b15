import VerbatimModel

/// A message of a conversation, as far as the items that it is made of need it.
package struct ConversationItemRow: Sendable {
  package let id: UUIDv7
  package let message: Message
  /// JSON array: of a response, the items that the message puts together.
  package let output: Bytes?
  /// Places, among the message's items, of those that were removed.
  package var removed: Set<Int> = []
}

/// Some of a conversation's messages, in the order of reading.
package struct ConversationItemRows: Sendable {
  package var rows: [ConversationItemRow] = []
  /// Whether there are more in the direction of reading.
  package var hasMore = false
}

extension ConversationItemRow {
  init(_ row: ThreadRow) {
    id = row.id
    message = row.message
    let output: JSONSlice? =
      row.isInput ? nil : KeptRequest(stored: row.request)?.answer.flatMap { JSONSlice(trusting: $0)["output"] }
    self.output = output?.kind == .array ? output?.bytes : nil
  }
}
