import Databases

extension SQLiteSchema {
  static func audit(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_audit (
        id              BLOB    NOT NULL PRIMARY KEY,
        recorded_at     INTEGER NOT NULL,
        action          TEXT    NOT NULL,
        actor_id        TEXT    NOT NULL,
        key_id          TEXT    NOT NULL,
        account_id      TEXT    NOT NULL,
        conversation_id TEXT,
        address         TEXT    NOT NULL,
        request_id      TEXT    NOT NULL,
        count           INTEGER NOT NULL,
        detail          TEXT
      ) WITHOUT ROWID;
      CREATE INDEX verbatim_audit_conversation ON verbatim_audit (account_id, conversation_id, id);
      CREATE INDEX verbatim_audit_actor ON verbatim_audit (actor_id, id);
      """
    ]
  }

  static func auditTails(_ dialect: Dialect) -> [String] {
    [
      """
      ALTER TABLE verbatim_audit ADD COLUMN conversation_tail TEXT;
      UPDATE verbatim_audit SET conversation_tail = substr(conversation_id, -2) WHERE conversation_id IS NOT NULL;
      DROP INDEX verbatim_audit_conversation;
      CREATE INDEX verbatim_audit_conversation ON verbatim_audit (conversation_tail, id, conversation_id);
      """
    ]
  }

  static func withoutAuditTails(_ dialect: Dialect) -> [String] {
    [
      """
      DROP INDEX verbatim_audit_conversation;
      ALTER TABLE verbatim_audit DROP COLUMN conversation_tail;
      CREATE INDEX verbatim_audit_conversation ON verbatim_audit (account_id, conversation_id, id);
      """
    ]
  }
}
