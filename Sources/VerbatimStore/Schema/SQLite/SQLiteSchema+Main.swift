import Databases

extension SQLiteSchema {
  static func access(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_accounts (
        name       TEXT    NOT NULL PRIMARY KEY,
        role       TEXT    NOT NULL,
        status     TEXT    NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      ) WITHOUT ROWID;

      CREATE TABLE verbatim_keys (
        id           BLOB    NOT NULL PRIMARY KEY,
        account_id   TEXT    NOT NULL,
        name         TEXT    NOT NULL,
        prefix       TEXT    NOT NULL,
        hash         BLOB    NOT NULL,
        scopes       TEXT    NOT NULL,
        app_id       TEXT,
        user_id      TEXT,
        expires_at   INTEGER,
        created_at   INTEGER NOT NULL,
        last_used_at INTEGER,
        revoked_at   INTEGER,
        rotated_from BLOB
      ) WITHOUT ROWID;
      CREATE UNIQUE INDEX verbatim_keys_hash ON verbatim_keys (hash);
      CREATE INDEX verbatim_keys_account ON verbatim_keys (account_id, id);

      CREATE TABLE verbatim_access_revision (
        id       INTEGER NOT NULL PRIMARY KEY,
        revision INTEGER NOT NULL
      );
      """
    ]
  }

  static func keyLimits(_ dialect: Dialect) -> [String] {
    [
      """
      ALTER TABLE verbatim_keys ADD COLUMN token_id INTEGER;
      ALTER TABLE verbatim_keys ADD COLUMN rate_per_minute INTEGER;
      ALTER TABLE verbatim_keys ADD COLUMN rate_burst INTEGER;
      UPDATE verbatim_keys
      SET token_id = o.place
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM verbatim_keys) AS o
      WHERE o.id = verbatim_keys.id;

      CREATE TABLE verbatim_access_changes (
        revision   INTEGER NOT NULL PRIMARY KEY,
        account_id TEXT,
        key_id     BLOB
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
