import Databases

extension SQLiteSchema {
  static func conversationLists(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_conversation_tags (
        account_id      TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        tag             TEXT NOT NULL,
        PRIMARY KEY (account_id, conversation_id, tag)
      ) WITHOUT ROWID;
      CREATE INDEX verbatim_conversation_tags_tag ON verbatim_conversation_tags (account_id, tag, conversation_id);
      CREATE TABLE verbatim_purges (
        account_id      TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        requested_at    INTEGER NOT NULL,
        PRIMARY KEY (account_id, conversation_id)
      ) WITHOUT ROWID;
      CREATE TABLE verbatim_purged_days (
        day       INTEGER NOT NULL PRIMARY KEY,
        leftovers INTEGER NOT NULL
      );
      CREATE INDEX IF NOT EXISTS conversations_account ON conversations (account_id, created_at, id);
      CREATE INDEX IF NOT EXISTS conversations_created ON conversations (created_at, account_id, id);
      """
    ]
  }
}
