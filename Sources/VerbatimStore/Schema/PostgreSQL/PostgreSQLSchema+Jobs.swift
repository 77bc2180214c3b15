import Databases

extension PostgreSQLSchema {
  static func jobs(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_jobs (
        id          UUID NOT NULL PRIMARY KEY,
        account_id  \(text) NOT NULL,
        app_id      \(text),
        user_id     \(text),
        query       \(text) NOT NULL,
        state       \(text) NOT NULL,
        holder      \(text),
        lease_until BIGINT NOT NULL DEFAULT 0,
        feed_end    BIGINT NOT NULL,
        estimate    BIGINT NOT NULL,
        place       \(text),
        bytes       BIGINT NOT NULL DEFAULT 0,
        exchanges   BIGINT NOT NULL DEFAULT 0,
        checksum    \(text),
        reason      \(text),
        created_at  BIGINT NOT NULL,
        updated_at  BIGINT NOT NULL,
        expires_at  BIGINT
      )
      """
    ]
  }
}
