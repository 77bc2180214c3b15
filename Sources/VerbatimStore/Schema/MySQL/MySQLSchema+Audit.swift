import Databases

extension MySQLSchema {
  static func audit(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE IF NOT EXISTS verbatim_audit (
        id              BINARY(16) NOT NULL PRIMARY KEY,
        recorded_at     BIGINT NOT NULL,
        action          VARCHAR(64) NOT NULL,
        actor_id        VARCHAR(64) NOT NULL,
        key_id          VARCHAR(64) NOT NULL,
        account_id      VARCHAR(64) NOT NULL,
        conversation_id VARCHAR(255),
        address         VARCHAR(64) NOT NULL,
        request_id      VARCHAR(128) NOT NULL,
        count           BIGINT NOT NULL,
        detail          LONGTEXT,
        INDEX verbatim_audit_conversation (account_id, conversation_id, id),
        INDEX verbatim_audit_actor (actor_id, id)
      ) \(options(dialect))
      """
    ]
  }

  static func auditTails(_ dialect: Dialect) -> [String] {
    [
      unless(hasAuditTails, "ALTER TABLE verbatim_audit ADD COLUMN conversation_tail VARCHAR(2)"),
      "UPDATE verbatim_audit SET conversation_tail = right(conversation_id, 2) WHERE conversation_id IS NOT NULL",
      reindexed("conversation_tail, id, conversation_id"),
    ]
  }

  static func withoutAuditTails(_ dialect: Dialect) -> [String] {
    [
      reindexed("account_id, conversation_id, id"),
      unless("NOT \(hasAuditTails)", "ALTER TABLE verbatim_audit DROP COLUMN conversation_tail"),
    ]
  }

  private static let hasAuditTails: String = """
    EXISTS (SELECT 1 FROM information_schema.columns
      WHERE table_schema = database() AND table_name = 'verbatim_audit' AND column_name = 'conversation_tail')
    """

  /// One statement, so the index is there at any time.
  private static func reindexed(_ columns: String) -> String {
    """
    ALTER TABLE verbatim_audit DROP INDEX verbatim_audit_conversation,
      ADD INDEX verbatim_audit_conversation (\(columns))
    """
  }
}
