import Databases

/// SQLite's words.
///
/// Narrow columns stand before wide ones, so that scans of long rows stay on the row's first page. Tables that are found
/// by a composite text key and have short rows are WITHOUT ROWID; the wide ones are not (measured: slower).
enum SQLiteSchema: SchemaStatements {
  static func versions(in table: String, _ dialect: Dialect) -> String {
    """
    CREATE TABLE IF NOT EXISTS \(table) (
      version    INTEGER NOT NULL PRIMARY KEY,
      name       TEXT    NOT NULL,
      applied_at INTEGER NOT NULL
    )
    """
  }

  static func table(named name: String) -> SQL {
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = \(name)"
  }

  static func columns(of table: String) -> SQL {
    "SELECT name, type, pk FROM pragma_table_info(\(table)) ORDER BY cid"
  }

  static func tableNames() -> SQL { "SELECT name FROM sqlite_master WHERE type = 'table'" }

  static func columns(of tables: [String]) -> SQL {
    """
    SELECT m.name, c.name, c.type
    FROM sqlite_master AS m
    JOIN pragma_table_xinfo(m.name) AS c
    WHERE c.hidden <> 1 AND m.type = 'table' AND m.name IN (\(list: tables))
    ORDER BY m.name, c.cid
    """
  }

  static func renaming(_ names: [(old: String, new: String)]) -> [String] {
    names.map { "ALTER TABLE \"\($0.old)\" RENAME TO \"\($0.new)\"" }
  }

  static func sessionLock() -> SQL? { nil }

  static func exclusively<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result {
    try connection.transaction(body)
  }

  static func risks(on connection: isolated Connection) throws -> [String] { [] }

  static func recorder(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE conversation_histories (
      \(exchangeColumns)
      );
      CREATE INDEX conversation_histories_conversation
        ON conversation_histories (account_id, conversation_id, id);

      CREATE TABLE error_conversation_histories (
      \(exchangeColumns),
        error_code          TEXT,
        error_message       TEXT
      );
      CREATE INDEX error_conversation_histories_conversation
        ON error_conversation_histories (account_id, conversation_id, id);

      CREATE TABLE conversations (
        account_id      TEXT    NOT NULL,
        id              TEXT    NOT NULL,
        app_id          TEXT    NOT NULL,
        user_id         TEXT    NOT NULL,
        name            TEXT    NOT NULL,
        status          TEXT    NOT NULL DEFAULT 'active',
        source          TEXT    NOT NULL,
        model_name      TEXT,
        dialogue_count  INTEGER NOT NULL DEFAULT 0,
        error_count     INTEGER NOT NULL DEFAULT 0,
        message_count   INTEGER NOT NULL DEFAULT 0,
        total_tokens    INTEGER NOT NULL DEFAULT 0,
        total_price     INTEGER NOT NULL DEFAULT 0,
        created_at      INTEGER NOT NULL,
        updated_at      INTEGER NOT NULL,
        last_active_at  INTEGER NOT NULL,
        deleted_at      INTEGER,
        inputs          TEXT,
        metadata        TEXT,
        PRIMARY KEY (account_id, id)
      ) WITHOUT ROWID;
      CREATE INDEX conversations_user ON conversations (account_id, user_id, created_at);

      CREATE TABLE verbatim_conversation_days (
        account_id      TEXT    NOT NULL,
        conversation_id TEXT    NOT NULL,
        day             INTEGER NOT NULL,
        PRIMARY KEY (account_id, conversation_id, day)
      ) WITHOUT ROWID;

      CREATE TABLE conversation_settings (
        account_id        TEXT    NOT NULL,
        conversation_id   TEXT    NOT NULL,
        temperature       REAL,
        max_tokens        INTEGER,
        top_p             REAL,
        frequency_penalty REAL,
        presence_penalty  REAL,
        stop_sequences    TEXT,
        system_message    TEXT,
        created_at        INTEGER NOT NULL,
        updated_at        INTEGER NOT NULL,
        PRIMARY KEY (account_id, conversation_id)
      ) WITHOUT ROWID;

      CREATE TABLE message_files (
        id              BLOB    NOT NULL PRIMARY KEY,
        account_id      TEXT    NOT NULL,
        conversation_id TEXT    NOT NULL,
        exchange_id     BLOB    NOT NULL,
        day             INTEGER NOT NULL,
        type            TEXT    NOT NULL,
        transfer_method TEXT    NOT NULL,
        url             TEXT    NOT NULL,
        belongs_to      TEXT    NOT NULL,
        upload_file_id  TEXT,
        file_name       TEXT,
        file_size       INTEGER,
        mime_type       TEXT,
        metadata        TEXT,
        created_by_role TEXT    NOT NULL,
        created_by      TEXT    NOT NULL,
        created_at      INTEGER NOT NULL
      );
      CREATE INDEX message_files_exchange ON message_files (exchange_id, id);

      CREATE TABLE verbatim_message_keys (
        account_id      TEXT    NOT NULL,
        scope           TEXT    NOT NULL,
        key             TEXT    NOT NULL,
        exchange_id     BLOB    NOT NULL,
        conversation_id TEXT    NOT NULL,
        day             INTEGER NOT NULL,
        PRIMARY KEY (account_id, scope, key)
      ) WITHOUT ROWID;

      CREATE TABLE verbatim_response_ids (
        account_id  TEXT NOT NULL,
        response_id TEXT NOT NULL,
        exchange_id BLOB NOT NULL,
        PRIMARY KEY (account_id, response_id, exchange_id)
      ) WITHOUT ROWID;

      CREATE TABLE verbatim_usage_by_day (
        day               INTEGER NOT NULL,
        account_id        TEXT    NOT NULL,
        app_id            TEXT    NOT NULL,
        user_id           TEXT    NOT NULL,
        model_name        TEXT    NOT NULL,
        status            TEXT    NOT NULL,
      \(usageColumns),
        PRIMARY KEY (day, account_id, app_id, user_id, model_name, status)
      ) WITHOUT ROWID;

      CREATE TABLE verbatim_usage_by_hour (
        hour              INTEGER NOT NULL,
        account_id        TEXT    NOT NULL,
        app_id            TEXT    NOT NULL,
        model_name        TEXT    NOT NULL,
        channel_id        INTEGER NOT NULL,
        status            TEXT    NOT NULL,
      \(usageColumns),
        PRIMARY KEY (hour, account_id, app_id, model_name, channel_id, status)
      ) WITHOUT ROWID;

      CREATE TABLE verbatim_partitions (
        day        INTEGER NOT NULL PRIMARY KEY,
        state      TEXT    NOT NULL DEFAULT 'open',
        exchanges  INTEGER NOT NULL DEFAULT 0,
        messages   INTEGER NOT NULL DEFAULT 0,
        errors     INTEGER NOT NULL DEFAULT 0,
        bytes      INTEGER NOT NULL DEFAULT 0,
        dropped_at INTEGER
      );

      CREATE TABLE verbatim_settings (
        name  TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
      ) WITHOUT ROWID;
      """
    ]
  }

  static func aliases(_ dialect: Dialect) -> String {
    """
    CREATE TABLE verbatim_exchange_aliases (
      account_id            TEXT    NOT NULL,
      id                    BLOB    NOT NULL,
      conversation_id       TEXT    NOT NULL,
      exchange_id           BLOB    NOT NULL,
      first_conversation_id TEXT    NOT NULL,
      created_at            INTEGER NOT NULL,
      PRIMARY KEY (account_id, id)
    ) WITHOUT ROWID;
    CREATE INDEX verbatim_exchange_aliases_conversation
      ON verbatim_exchange_aliases (account_id, conversation_id);
    """
  }

  /// The columns of both history tables.
  static let exchangeColumns = """
      id                  BLOB    NOT NULL PRIMARY KEY,
      account_id          TEXT    NOT NULL,
      conversation_id     TEXT    NOT NULL,
      exchange_id         BLOB    NOT NULL,
      parent_id           BLOB,
      position            INTEGER NOT NULL,
      choice_index        INTEGER,
      app_id              TEXT    NOT NULL,
      user_id             TEXT    NOT NULL,
      role                TEXT    NOT NULL,
      name                TEXT,
      content_kind        TEXT    NOT NULL,
      tool_call_id        TEXT,
      chain_hash          BLOB,
      created_at          INTEGER NOT NULL,
      recorded_at         INTEGER NOT NULL,
      model_provider      TEXT,
      model_name          TEXT,
      prompt_tokens       INTEGER,
      completion_tokens   INTEGER,
      total_tokens        INTEGER,
      finish_reason       TEXT,
      system_fingerprint  TEXT,
      response_id         TEXT,
      is_stream           INTEGER,
      latency             INTEGER,
      first_token_latency INTEGER,
      total_price         INTEGER,
      currency            TEXT,
      status              TEXT,
      token_id            INTEGER,
      token_name          TEXT,
      channel_id          INTEGER,
      ip                  TEXT,
      client_message_id   TEXT,
      attachment_count    INTEGER,
      content             TEXT,
      raw                 TEXT,
      tool_calls          TEXT,
      request             TEXT,
      usage               TEXT,
      inputs              TEXT,
      other               TEXT
    """

  static let usageColumns: String =
    """
      exchanges         INTEGER NOT NULL DEFAULT 0,
      messages          INTEGER NOT NULL DEFAULT 0,
      prompt_tokens     INTEGER NOT NULL DEFAULT 0,
      completion_tokens INTEGER NOT NULL DEFAULT 0,
      total_price       INTEGER NOT NULL DEFAULT 0,

    """
    + LatencyHistogram.columns.map { "  \($0) INTEGER NOT NULL DEFAULT 0" }.joined(separator: ",\n")
}
