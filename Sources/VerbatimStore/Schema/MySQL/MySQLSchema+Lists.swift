import Databases

extension MySQLSchema {
  static func conversationLists(_ dialect: Dialect) -> [String] {
    let options: String = options(dialect)
    return [
      """
      CREATE TABLE IF NOT EXISTS verbatim_conversation_tags (
        account_id      VARCHAR(64) NOT NULL,
        conversation_id VARCHAR(255) NOT NULL,
        tag             VARCHAR(64) NOT NULL,
        PRIMARY KEY (account_id, conversation_id, tag),
        INDEX verbatim_conversation_tags_tag (account_id, tag, conversation_id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_purges (
        account_id      VARCHAR(64) NOT NULL,
        conversation_id VARCHAR(255) NOT NULL,
        requested_at    BIGINT NOT NULL,
        PRIMARY KEY (account_id, conversation_id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_purged_days (
        day       BIGINT NOT NULL PRIMARY KEY,
        leftovers BIGINT NOT NULL
      ) \(options)
      """,
      index("conversations_account", on: "conversations", "account_id, created_at, id"),
      index("conversations_created", on: "conversations", "created_at, account_id, id"),
    ]
  }

  static func index(_ name: String, on table: String, _ columns: String) -> String {
    unless(
      """
      EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = database() AND table_name = '\(table)' AND index_name = '\(name)')
      """, "ALTER TABLE \(table) ADD INDEX \(name) (\(columns))")
  }

  /// A script that runs a definition unless a condition holds: MySQL has no `ADD COLUMN IF NOT EXISTS`.
  static func unless(_ condition: String, _ definition: String) -> String {
    """
    SET @verbatim_definition = IF(\(condition), 'DO 0', '\(definition)');
    PREPARE verbatim_definition FROM @verbatim_definition;
    EXECUTE verbatim_definition;
    DEALLOCATE PREPARE verbatim_definition
    """
  }
}
