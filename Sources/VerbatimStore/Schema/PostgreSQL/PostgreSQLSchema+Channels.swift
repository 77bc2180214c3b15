import Databases

extension PostgreSQLSchema {
  static func channels(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_channels (
        id                 BIGINT NOT NULL PRIMARY KEY,
        name               \(text) NOT NULL,
        dialect            \(text) NOT NULL,
        base_url           \(text) NOT NULL,
        secrets            BYTEA,
        models             \(text) NOT NULL,
        priority           BIGINT NOT NULL,
        weight             BIGINT NOT NULL,
        connect_timeout    BIGINT NOT NULL,
        first_byte_timeout BIGINT NOT NULL,
        idle_timeout       BIGINT NOT NULL,
        http_version       BIGINT NOT NULL,
        include_usage      \(text) NOT NULL,
        status             \(text) NOT NULL,
        created_at         BIGINT NOT NULL,
        updated_at         BIGINT NOT NULL
      )
      """
    ]
  }
}
