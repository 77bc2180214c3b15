import Databases

extension MySQLSchema {
  static func access(_ dialect: Dialect) -> [String] {
    let options: String = options(dialect)
    return [
      """
      CREATE TABLE IF NOT EXISTS verbatim_accounts (
        name       VARCHAR(64) NOT NULL PRIMARY KEY,
        role       VARCHAR(16) NOT NULL,
        status     VARCHAR(16) NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_keys (
        id           BINARY(16) NOT NULL PRIMARY KEY,
        account_id   VARCHAR(64) NOT NULL,
        name         VARCHAR(255) NOT NULL,
        prefix       VARCHAR(16) NOT NULL,
        hash         BINARY(32) NOT NULL,
        scopes       VARCHAR(255) NOT NULL,
        app_id       VARCHAR(64),
        user_id      VARCHAR(64),
        expires_at   BIGINT,
        created_at   BIGINT NOT NULL,
        last_used_at BIGINT,
        revoked_at   BIGINT,
        rotated_from BINARY(16),
        UNIQUE INDEX verbatim_keys_hash (hash),
        INDEX verbatim_keys_account (account_id, id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_access_revision (
        id       BIGINT NOT NULL PRIMARY KEY,
        revision BIGINT NOT NULL
      ) \(options)
      """,
    ]
  }
}
