import Databases

extension SQLiteSchema {
  static func removedItems(_ dialect: Dialect) -> String {
    """
    CREATE TABLE verbatim_removed_items (
      account_id      TEXT NOT NULL,
      conversation_id TEXT NOT NULL,
      message_id      BLOB NOT NULL,
      place           INTEGER NOT NULL,
      PRIMARY KEY (account_id, conversation_id, message_id, place)
    ) WITHOUT ROWID
    """
  }
}
