import Databases

extension MySQLSchema {
  static func jobs(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE IF NOT EXISTS verbatim_jobs (
        id          BINARY(16) NOT NULL PRIMARY KEY,
        account_id  VARCHAR(64) NOT NULL,
        app_id      VARCHAR(64),
        user_id     VARCHAR(64),
        query       LONGTEXT NOT NULL,
        state       VARCHAR(64) NOT NULL,
        holder      VARCHAR(64),
        lease_until BIGINT NOT NULL DEFAULT 0,
        feed_end    BIGINT NOT NULL,
        estimate    BIGINT NOT NULL,
        place       LONGTEXT,
        bytes       BIGINT NOT NULL DEFAULT 0,
        exchanges   BIGINT NOT NULL DEFAULT 0,
        checksum    VARCHAR(64),
        reason      LONGTEXT,
        created_at  BIGINT NOT NULL,
        updated_at  BIGINT NOT NULL,
        expires_at  BIGINT
      ) \(options(dialect))
      """
    ]
  }
}
