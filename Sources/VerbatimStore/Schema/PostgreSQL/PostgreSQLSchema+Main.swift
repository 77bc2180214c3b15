import Databases

extension PostgreSQLSchema {
  static func access(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_accounts (
        name       \(text) NOT NULL PRIMARY KEY,
        role       \(text) NOT NULL,
        status     \(text) NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
      );

      CREATE TABLE verbatim_keys (
        id           UUID NOT NULL PRIMARY KEY,
        account_id   \(text) NOT NULL,
        name         \(text) NOT NULL,
        prefix       \(text) NOT NULL,
        hash         BYTEA NOT NULL,
        scopes       \(text) NOT NULL,
        app_id       \(text),
        user_id      \(text),
        expires_at   BIGINT,
        created_at   BIGINT NOT NULL,
        last_used_at BIGINT,
        revoked_at   BIGINT,
        rotated_from UUID
      );
      CREATE UNIQUE INDEX verbatim_keys_hash ON verbatim_keys (hash);
      CREATE INDEX verbatim_keys_account ON verbatim_keys (account_id, id);

      CREATE TABLE verbatim_access_revision (
        id       BIGINT NOT NULL PRIMARY KEY,
        revision BIGINT NOT NULL
      );
      """
    ]
  }

  static func keyLimits(_ dialect: Dialect) -> [String] {
    [
      """
      ALTER TABLE verbatim_keys ADD COLUMN token_id BIGINT;
      ALTER TABLE verbatim_keys ADD COLUMN rate_per_minute BIGINT;
      ALTER TABLE verbatim_keys ADD COLUMN rate_burst BIGINT;
      UPDATE verbatim_keys
      SET token_id = o.place
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM verbatim_keys) AS o
      WHERE o.id = verbatim_keys.id;

      CREATE TABLE verbatim_access_changes (
        revision   BIGINT NOT NULL PRIMARY KEY,
        account_id \(text),
        key_id     UUID
      );
      """
    ]
  }

  static func withoutKeyLimits(_ dialect: Dialect) -> [String] {
    [
      """
      ALTER TABLE verbatim_keys DROP COLUMN token_id;
      ALTER TABLE verbatim_keys DROP COLUMN rate_per_minute;
      ALTER TABLE verbatim_keys DROP COLUMN rate_burst;
      DROP TABLE verbatim_access_changes;
      """
    ]
  }
}
