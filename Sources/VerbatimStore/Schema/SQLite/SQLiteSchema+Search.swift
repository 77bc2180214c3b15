import Databases

extension SQLiteSchema {
  static func search(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_search_segments (
        id        INTEGER NOT NULL PRIMARY KEY,
        day       INTEGER NOT NULL,
        state     INTEGER NOT NULL,
        documents INTEGER NOT NULL,
        sealed    INTEGER NOT NULL,
        first_id  BLOB    NOT NULL,
        last_id   BLOB    NOT NULL
      );
      CREATE INDEX verbatim_search_segments_day ON verbatim_search_segments (day, state);
      CREATE TABLE verbatim_search_documents (
        segment INTEGER NOT NULL,
        chunk   INTEGER NOT NULL,
        ids     BLOB    NOT NULL,
        PRIMARY KEY (segment, chunk)
      );
      CREATE TABLE verbatim_search_terms (
        segment  INTEGER NOT NULL,
        term     BLOB    NOT NULL,
        postings BLOB    NOT NULL,
        PRIMARY KEY (segment, term)
      ) WITHOUT ROWID;
      CREATE TABLE verbatim_search_days (
        day      INTEGER NOT NULL PRIMARY KEY,
        state    INTEGER NOT NULL,
        position BLOB,
        replaced INTEGER NOT NULL
      );
      CREATE TABLE verbatim_search_removals (
        day      INTEGER NOT NULL,
        first_id BLOB    NOT NULL,
        last_id  BLOB    NOT NULL,
        PRIMARY KEY (day, first_id, last_id)
      ) WITHOUT ROWID;
      CREATE TABLE verbatim_search_state (
        name  TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
      ) WITHOUT ROWID;
      """
    ]
  }
}
