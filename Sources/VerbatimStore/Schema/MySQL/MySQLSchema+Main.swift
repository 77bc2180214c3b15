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

  static func keyLimits(_ dialect: Dialect) -> [String] {
    keyLimitColumns.map { alterKeys("ADD COLUMN \($0) BIGINT", unlessThereAre: 1, columnsNamed: $0) } + [
      """
      UPDATE verbatim_keys AS k
      JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM verbatim_keys) AS o ON o.id = k.id
      SET k.token_id = o.place
      WHERE k.token_id IS NULL
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_access_changes (
        revision   BIGINT NOT NULL PRIMARY KEY,
        account_id VARCHAR(64),
        key_id     BINARY(16)
      ) \(options(dialect))
      """,
    ]
  }

  static func withoutKeyLimits(_ dialect: Dialect) -> [String] {
    keyLimitColumns.map { alterKeys("DROP COLUMN \($0)", unlessThereAre: 0, columnsNamed: $0) }
      + ["DROP TABLE IF EXISTS verbatim_access_changes"]
  }

  private static let keyLimitColumns = ["token_id", "rate_per_minute", "rate_burst"]

  /// MySQL has no `ADD COLUMN IF NOT EXISTS`, nor `DROP COLUMN IF EXISTS`.
  private static func alterKeys(_ change: String, unlessThereAre count: Int, columnsNamed name: String) -> String {
    """
    SET @verbatim_column = IF(
      (SELECT count(*) FROM information_schema.columns
       WHERE table_schema = database() AND table_name = 'verbatim_keys' AND column_name = '\(name)') = \(count),
      'DO 0', 'ALTER TABLE verbatim_keys \(change)');
    PREPARE verbatim_column FROM @verbatim_column;
    EXECUTE verbatim_column;
    DEALLOCATE PREPARE verbatim_column
    """
  }
}
