import Databases

extension PostgreSQLSchema {
  static func audit(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_audit (
        id              UUID NOT NULL PRIMARY KEY,
        recorded_at     BIGINT NOT NULL,
        action          \(text) NOT NULL,
        actor_id        \(text) NOT NULL,
        key_id          \(text) NOT NULL,
        account_id      \(text) NOT NULL,
        conversation_id \(text),
        address         \(text) NOT NULL,
        request_id      \(text) NOT NULL,
        count           BIGINT NOT NULL,
        detail          \(text)
      );
      CREATE INDEX verbatim_audit_conversation ON verbatim_audit (account_id, conversation_id, id);
      CREATE INDEX verbatim_audit_actor ON verbatim_audit (actor_id, id);
      """
    ]
  }

  static func auditTails(_ dialect: Dialect) -> [String] {
    [
      """
      ALTER TABLE verbatim_audit ADD COLUMN conversation_tail \(text);
      UPDATE verbatim_audit SET conversation_tail = right(conversation_id, 2) WHERE conversation_id IS NOT NULL;
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
