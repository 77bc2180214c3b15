import Databases

extension PostgreSQLSchema {
  static func conversationLists(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_conversation_tags (
        account_id      \(text) NOT NULL,
        conversation_id \(text) NOT NULL,
        tag             \(text) NOT NULL,
        PRIMARY KEY (account_id, conversation_id, tag)
      );
      CREATE INDEX verbatim_conversation_tags_tag ON verbatim_conversation_tags (account_id, tag, conversation_id);
      CREATE TABLE verbatim_purges (
        account_id      \(text) NOT NULL,
        conversation_id \(text) NOT NULL,
        requested_at    BIGINT NOT NULL,
        PRIMARY KEY (account_id, conversation_id)
      );
      CREATE TABLE verbatim_purged_days (
        day       BIGINT NOT NULL PRIMARY KEY,
        leftovers BIGINT NOT NULL
      );
      CREATE INDEX IF NOT EXISTS conversations_account ON conversations (account_id, created_at, id);
      CREATE INDEX IF NOT EXISTS conversations_created ON conversations (created_at, account_id, id);
      """
    ]
  }
}
