import Databases

extension MySQLSchema {
  static func removedItems(_ dialect: Dialect) -> String {
    """
    CREATE TABLE IF NOT EXISTS verbatim_removed_items (
      account_id      VARCHAR(64) NOT NULL,
      conversation_id VARCHAR(255) NOT NULL,
      message_id      BINARY(16) NOT NULL,
      place           BIGINT NOT NULL,
      PRIMARY KEY (account_id, conversation_id, message_id, place)
    ) \(options(dialect))
    """
  }
}
