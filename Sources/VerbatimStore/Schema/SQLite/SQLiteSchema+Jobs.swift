import Databases

extension SQLiteSchema {
  static func jobs(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_jobs (
        id          BLOB NOT NULL PRIMARY KEY,
        account_id  TEXT NOT NULL,
        app_id      TEXT,
        user_id     TEXT,
        query       TEXT NOT NULL,
        state       TEXT NOT NULL,
        holder      TEXT,
        lease_until INTEGER NOT NULL DEFAULT 0,
        feed_end    INTEGER NOT NULL,
        estimate    INTEGER NOT NULL,
        place       TEXT,
        bytes       INTEGER NOT NULL DEFAULT 0,
        exchanges   INTEGER NOT NULL DEFAULT 0,
        checksum    TEXT,
        reason      TEXT,
        created_at  INTEGER NOT NULL,
        updated_at  INTEGER NOT NULL,
        expires_at  INTEGER
      )
      """
    ]
  }
}
