import Databases

extension PostgreSQLSchema {
  static func threads(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_chain_heads (
        account_id      \(text) NOT NULL,
        hash            UUID NOT NULL,
        message_id      UUID NOT NULL,
        exchange_id     UUID NOT NULL,
        conversation_id \(text) NOT NULL,
        PRIMARY KEY (account_id, hash, message_id)
      );
      CREATE INDEX IF NOT EXISTS verbatim_response_ids_exchange ON verbatim_response_ids (account_id, exchange_id);
      """
    ]
  }
}
