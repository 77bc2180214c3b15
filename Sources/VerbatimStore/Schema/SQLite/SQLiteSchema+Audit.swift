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
}
