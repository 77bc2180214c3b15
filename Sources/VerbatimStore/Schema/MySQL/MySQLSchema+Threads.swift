import Databases

extension MySQLSchema {
  static func threads(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE IF NOT EXISTS verbatim_chain_heads (
        account_id      VARCHAR(64) NOT NULL,
        hash            BINARY(16) NOT NULL,
        message_id      BINARY(16) NOT NULL,
        exchange_id     BINARY(16) NOT NULL,
        conversation_id VARCHAR(255) NOT NULL,
        PRIMARY KEY (account_id, hash, message_id)
      ) \(options(dialect))
      """,
      index("verbatim_response_ids_exchange", on: "verbatim_response_ids", "account_id, exchange_id"),
    ]
  }
}
