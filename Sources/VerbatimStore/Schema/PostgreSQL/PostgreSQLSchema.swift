import Databases

/// PostgreSQL's words.
///
/// Ids are `uuid`, which is 16 bytes and compares as they do. Text compares byte by byte; JSON is text, since `jsonb`
/// would refuse `\u0000` and rewrite numbers.
enum PostgreSQLSchema: SchemaStatements {
  /// For `pg_advisory_xact_lock`: the letters of `verbatim`.
  static let lockNumber = 0x7665_7262_6174_696D
  static let text = "TEXT COLLATE \"C\""

  static func versions(in table: String, _ dialect: Dialect) -> String {
    """
    CREATE TABLE IF NOT EXISTS \(table) (
      version    BIGINT  NOT NULL PRIMARY KEY,
      name       \(text) NOT NULL,
      applied_at BIGINT  NOT NULL
    )
    """
  }

  static func table(named name: String) -> SQL {
    "SELECT 1 WHERE to_regclass(\(name)) IS NOT NULL"
  }

  static func columns(of table: String) -> SQL {
    """
    SELECT CAST(a.attname AS text), format_type(a.atttypid, NULL), coalesce(k.place, 0)
    FROM pg_attribute AS a
    LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
    LEFT JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (number, place) ON k.number = a.attnum
    WHERE a.attrelid = to_regclass(\(table)) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
    """
  }

  /// The lock ends with the transaction, however that ends. It is waited for as long as another's upgrade takes; for
  /// what comes after it the session's `lock_timeout` holds again.
  static func tableNames() -> SQL { "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()" }

  static func columns(of tables: [String]) -> SQL {
    """
    SELECT table_name, column_name, data_type
    FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name IN (\(list: tables))
    ORDER BY table_name, ordinal_position
    """
  }

  static func renaming(_ names: [(old: String, new: String)]) -> [String] {
    names.map { "ALTER TABLE \"\($0.old)\" RENAME TO \"\($0.new)\"" }
  }

  static func sessionLock() -> SQL? { "SELECT CASE WHEN pg_try_advisory_lock(\(lockNumber + 1)) THEN 1 ELSE 0 END" }

  static func exclusively<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result {
    try connection.transaction {
      let timeout = try connection.first("SELECT current_setting('lock_timeout')") { $0.text(0) }
      try connection.execute("SET LOCAL lock_timeout = 0")
      _ = try connection.first("SELECT pg_advisory_xact_lock(\(lockNumber))") { _ in true }
      _ = try connection.first("SELECT set_config('lock_timeout', \(timeout), true)") { _ in true }
      return try body()
    }
  }

  static func risks(on connection: isolated Connection) throws -> [String] {
    try connection.query(
      """
      SELECT name || ' is ' || setting
      FROM pg_settings
      WHERE (name = 'fsync' AND setting = 'off')
        OR (name = 'full_page_writes' AND setting = 'off')
        OR (name = 'synchronous_commit' AND setting = 'off')
      """
    ) { $0.text(0) }
  }

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
        error_code          \(text),
        error_message       \(text)
      );
      CREATE INDEX error_conversation_histories_conversation
        ON error_conversation_histories (account_id, conversation_id, id);

      CREATE TABLE conversations (
        account_id      \(text) NOT NULL,
        id              \(text) NOT NULL,
        app_id          \(text) NOT NULL,
        user_id         \(text) NOT NULL,
        name            \(text) NOT NULL,
        status          \(text) NOT NULL DEFAULT 'active',
        source          \(text) NOT NULL,
        model_name      \(text),
        dialogue_count  BIGINT NOT NULL DEFAULT 0,
        error_count     BIGINT NOT NULL DEFAULT 0,
        message_count   BIGINT NOT NULL DEFAULT 0,
        total_tokens    BIGINT NOT NULL DEFAULT 0,
        total_price     BIGINT NOT NULL DEFAULT 0,
        created_at      BIGINT NOT NULL,
        updated_at      BIGINT NOT NULL,
        last_active_at  BIGINT NOT NULL,
        deleted_at      BIGINT,
        inputs          \(text),
        metadata        \(text),
        PRIMARY KEY (account_id, id)
      );
      CREATE INDEX conversations_user ON conversations (account_id, user_id, created_at);

      CREATE TABLE verbatim_conversation_days (
        account_id      \(text) NOT NULL,
        conversation_id \(text) NOT NULL,
        day             BIGINT NOT NULL,
        PRIMARY KEY (account_id, conversation_id, day)
      );

      CREATE TABLE conversation_settings (
        account_id        \(text) NOT NULL,
        conversation_id   \(text) NOT NULL,
        temperature       DOUBLE PRECISION,
        max_tokens        BIGINT,
        top_p             DOUBLE PRECISION,
        frequency_penalty DOUBLE PRECISION,
        presence_penalty  DOUBLE PRECISION,
        stop_sequences    \(text),
        system_message    \(text),
        created_at        BIGINT NOT NULL,
        updated_at        BIGINT NOT NULL,
        PRIMARY KEY (account_id, conversation_id)
      );

      CREATE TABLE message_files (
        id              UUID NOT NULL PRIMARY KEY,
        account_id      \(text) NOT NULL,
        conversation_id \(text) NOT NULL,
        exchange_id     UUID NOT NULL,
        day             BIGINT NOT NULL,
        type            \(text) NOT NULL,
        transfer_method \(text) NOT NULL,
        url             \(text) NOT NULL,
        belongs_to      \(text) NOT NULL,
        upload_file_id  \(text),
        file_name       \(text),
        file_size       BIGINT,
        mime_type       \(text),
        metadata        \(text),
        created_by_role \(text) NOT NULL,
        created_by      \(text) NOT NULL,
        created_at      BIGINT NOT NULL
      );
      CREATE INDEX message_files_exchange ON message_files (exchange_id, id);

      CREATE TABLE verbatim_message_keys (
        account_id      \(text) NOT NULL,
        scope           \(text) NOT NULL,
        "key"           \(text) NOT NULL,
        exchange_id     UUID NOT NULL,
        conversation_id \(text) NOT NULL,
        day             BIGINT NOT NULL,
        PRIMARY KEY (account_id, scope, "key")
      );

      CREATE TABLE verbatim_response_ids (
        account_id  \(text) NOT NULL,
        response_id \(text) NOT NULL,
        exchange_id UUID NOT NULL,
        PRIMARY KEY (account_id, response_id, exchange_id)
      );

      CREATE TABLE verbatim_usage_by_day (
        day               BIGINT NOT NULL,
        account_id        \(text) NOT NULL,
        app_id            \(text) NOT NULL,
        user_id           \(text) NOT NULL,
        model_name        \(text) NOT NULL,
        status            \(text) NOT NULL,
      \(usageColumns),
        PRIMARY KEY (day, account_id, app_id, user_id, model_name, status)
      );

      CREATE TABLE verbatim_usage_by_hour (
        hour              BIGINT NOT NULL,
        account_id        \(text) NOT NULL,
        app_id            \(text) NOT NULL,
        model_name        \(text) NOT NULL,
        channel_id        BIGINT NOT NULL,
        status            \(text) NOT NULL,
      \(usageColumns),
        PRIMARY KEY (hour, account_id, app_id, model_name, channel_id, status)
      );

      CREATE TABLE verbatim_partitions (
        day        BIGINT NOT NULL PRIMARY KEY,
        state      \(text) NOT NULL DEFAULT 'open',
        exchanges  BIGINT NOT NULL DEFAULT 0,
        messages   BIGINT NOT NULL DEFAULT 0,
        errors     BIGINT NOT NULL DEFAULT 0,
        bytes      BIGINT NOT NULL DEFAULT 0,
        dropped_at BIGINT
      );

      CREATE TABLE verbatim_settings (
        name  \(text) NOT NULL PRIMARY KEY,
        value \(text) NOT NULL
      );
      """
    ]
  }

  static func aliases(_ dialect: Dialect) -> String {
    """
    CREATE TABLE verbatim_exchange_aliases (
      account_id            \(text) NOT NULL,
      id                    UUID NOT NULL,
      conversation_id       \(text) NOT NULL,
      exchange_id           UUID NOT NULL,
      first_conversation_id \(text) NOT NULL,
      created_at            BIGINT NOT NULL,
      PRIMARY KEY (account_id, id)
    );
    CREATE INDEX verbatim_exchange_aliases_conversation
      ON verbatim_exchange_aliases (account_id, conversation_id);
    """
  }

  /// The columns of both history tables.
  static let exchangeColumns = """
      id                  UUID NOT NULL PRIMARY KEY,
      account_id          \(text) NOT NULL,
      conversation_id     \(text) NOT NULL,
      exchange_id         UUID NOT NULL,
      parent_id           UUID,
      position            BIGINT NOT NULL,
      choice_index        BIGINT,
      app_id              \(text) NOT NULL,
      user_id             \(text) NOT NULL,
      role                \(text) NOT NULL,
      name                \(text),
      content_kind        \(text) NOT NULL,
      tool_call_id        \(text),
      chain_hash          BYTEA,
      created_at          BIGINT NOT NULL,
      recorded_at         BIGINT NOT NULL,
      model_provider      \(text),
      model_name          \(text),
      prompt_tokens       BIGINT,
      completion_tokens   BIGINT,
      total_tokens        BIGINT,
      finish_reason       \(text),
      system_fingerprint  \(text),
      response_id         \(text),
      is_stream           BIGINT,
      latency             BIGINT,
      first_token_latency BIGINT,
      total_price         BIGINT,
      currency            \(text),
      status              \(text),
      token_id            BIGINT,
      token_name          \(text),
      channel_id          BIGINT,
      ip                  \(text),
      client_message_id   \(text),
      attachment_count    BIGINT,
      content             \(text),
      raw                 \(text),
      tool_calls          \(text),
      request             \(text),
      "usage"             \(text),
      inputs              \(text),
      other               \(text)
    """

  static let usageColumns: String =
    (["exchanges", "messages", "prompt_tokens", "completion_tokens", "total_price"] + LatencyHistogram.columns)
    .map { "  \($0) BIGINT NOT NULL DEFAULT 0" }.joined(separator: ",\n")
}
