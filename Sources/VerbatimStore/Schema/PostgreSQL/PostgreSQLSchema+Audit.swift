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
}
