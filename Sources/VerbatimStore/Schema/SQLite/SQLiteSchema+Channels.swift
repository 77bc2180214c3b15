import Databases

extension SQLiteSchema {
  static func channels(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_channels (
        id                 INTEGER NOT NULL PRIMARY KEY,
        name               TEXT    NOT NULL,
        dialect            TEXT    NOT NULL,
        base_url           TEXT    NOT NULL,
        secrets            BLOB,
        models             TEXT    NOT NULL,
        priority           INTEGER NOT NULL,
        weight             INTEGER NOT NULL,
        connect_timeout    INTEGER NOT NULL,
        first_byte_timeout INTEGER NOT NULL,
        idle_timeout       INTEGER NOT NULL,
        http_version       INTEGER NOT NULL,
        include_usage      TEXT    NOT NULL,
        status             TEXT    NOT NULL,
        created_at         INTEGER NOT NULL,
        updated_at         INTEGER NOT NULL
      )
      """
    ]
  }
}
