import Databases

extension MySQLSchema {
  static func search(_ dialect: Dialect) -> [String] {
    let options: String = options(dialect)
    return [
      """
      CREATE TABLE IF NOT EXISTS verbatim_search_segments (
        id        BIGINT NOT NULL PRIMARY KEY,
        day       BIGINT NOT NULL,
        state     BIGINT NOT NULL,
        documents BIGINT NOT NULL,
        sealed    BIGINT NOT NULL,
        first_id  BINARY(16) NOT NULL,
        last_id   BINARY(16) NOT NULL,
        INDEX verbatim_search_segments_day (day, state)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_search_documents (
        segment BIGINT NOT NULL,
        chunk   BIGINT NOT NULL,
        ids     LONGBLOB NOT NULL,
        PRIMARY KEY (segment, chunk)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_search_terms (
        segment  BIGINT NOT NULL,
        term     VARBINARY(255) NOT NULL,
        postings LONGBLOB NOT NULL,
        PRIMARY KEY (segment, term)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_search_days (
        day      BIGINT NOT NULL PRIMARY KEY,
        state    BIGINT NOT NULL,
        position BINARY(16),
        replaced BIGINT NOT NULL
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_search_removals (
        day      BIGINT NOT NULL,
        first_id BINARY(16) NOT NULL,
        last_id  BINARY(16) NOT NULL,
        PRIMARY KEY (day, first_id, last_id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_search_state (
        name  VARCHAR(64) NOT NULL PRIMARY KEY,
        value LONGTEXT NOT NULL
      ) \(options)
      """,
    ]
  }
}
