import Databases

extension PostgreSQLSchema {
  static func removedItems(_ dialect: Dialect) -> String {
    """
    CREATE TABLE verbatim_removed_items (
      account_id      \(text) NOT NULL,
      conversation_id \(text) NOT NULL,
      message_id      UUID NOT NULL,
      place           BIGINT NOT NULL,
      PRIMARY KEY (account_id, conversation_id, message_id, place)
    )
    """
  }
}
