import Databases

extension MySQLSchema {
  static func channels(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE IF NOT EXISTS verbatim_channels (
        id                 BIGINT NOT NULL PRIMARY KEY,
        name               VARCHAR(255) NOT NULL,
        dialect            VARCHAR(16) NOT NULL,
        base_url           VARCHAR(2048) NOT NULL,
        secrets            LONGBLOB,
        models             LONGTEXT NOT NULL,
        priority           BIGINT NOT NULL,
        weight             BIGINT NOT NULL,
        connect_timeout    BIGINT NOT NULL,
        first_byte_timeout BIGINT NOT NULL,
        idle_timeout       BIGINT NOT NULL,
        http_version       BIGINT NOT NULL,
        include_usage      VARCHAR(16) NOT NULL,
        status             VARCHAR(16) NOT NULL,
        created_at         BIGINT NOT NULL,
        updated_at         BIGINT NOT NULL
      ) \(options(dialect))
      """
    ]
  }
}
