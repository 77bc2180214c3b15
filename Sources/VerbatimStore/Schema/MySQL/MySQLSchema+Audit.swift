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
}
