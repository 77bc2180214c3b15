import Databases

extension SQLiteSchema {
  static func threads(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_chain_heads (
        account_id      TEXT NOT NULL,
        hash            BLOB NOT NULL,
        message_id      BLOB NOT NULL,
        exchange_id     BLOB NOT NULL,
        conversation_id TEXT NOT NULL,
        PRIMARY KEY (account_id, hash, message_id)
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS verbatim_response_ids_exchange ON verbatim_response_ids (account_id, exchange_id);
      """
    ]
  }
}
