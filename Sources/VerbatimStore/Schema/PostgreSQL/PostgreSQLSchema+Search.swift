import Databases

extension PostgreSQLSchema {
  static func search(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_search_segments (
        id        BIGINT NOT NULL PRIMARY KEY,
        day       BIGINT NOT NULL,
        state     BIGINT NOT NULL,
        documents BIGINT NOT NULL,
        sealed    BIGINT NOT NULL,
        first_id  UUID NOT NULL,
        last_id   UUID NOT NULL
      );
      CREATE INDEX verbatim_search_segments_day ON verbatim_search_segments (day, state);
      CREATE TABLE verbatim_search_documents (
        segment BIGINT NOT NULL,
        chunk   BIGINT NOT NULL,
        ids     BYTEA NOT NULL,
        PRIMARY KEY (segment, chunk)
      );
      CREATE TABLE verbatim_search_terms (
        segment  BIGINT NOT NULL,
        term     BYTEA NOT NULL,
        postings BYTEA NOT NULL,
        PRIMARY KEY (segment, term)
      );
      CREATE TABLE verbatim_search_days (
        day      BIGINT NOT NULL PRIMARY KEY,
        state    BIGINT NOT NULL,
        position UUID,
        replaced BIGINT NOT NULL
      );
      CREATE TABLE verbatim_search_removals (
        day      BIGINT NOT NULL,
        first_id UUID NOT NULL,
        last_id  UUID NOT NULL,
        PRIMARY KEY (day, first_id, last_id)
      );
      CREATE TABLE verbatim_search_state (
        name  \(text) NOT NULL PRIMARY KEY,
        value \(text) NOT NULL
      );
      """
    ]
  }
}
