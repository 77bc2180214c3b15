import Databases

/// The words of MySQL and MariaDB.
///
/// Definitions commit by themselves, so each statement can be run again. Columns that keys are made of have the lengths
/// that the limits of the API allow; whatever else has no limit is LONGTEXT. JSON is text, since the type of that name
/// would rewrite it.
enum MySQLSchema: SchemaStatements {
  /// Seconds.
  private static let patience = 60

  static func versions(in table: String, _ dialect: Dialect) -> String {
    """
    CREATE TABLE IF NOT EXISTS \(table) (
      version    BIGINT       NOT NULL PRIMARY KEY,
      name       VARCHAR(255) NOT NULL,
      applied_at BIGINT       NOT NULL
    ) \(options(dialect))
    """
  }

  static func table(named name: String) -> SQL {
    "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = \(name)"
  }

  static func columns(of table: String) -> SQL {
    """
    SELECT c.column_name, c.column_type, coalesce(k.seq_in_index, 0)
    FROM information_schema.columns AS c
    LEFT JOIN information_schema.statistics AS k
      ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
        AND k.index_name = 'PRIMARY'
    WHERE c.table_schema = database() AND c.table_name = \(table)
    ORDER BY c.ordinal_position
    """
  }

  static func tableNames() -> SQL {
    "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE'"
  }

  static func columns(of tables: [String]) -> SQL {
    """
    SELECT table_name, column_name, data_type
    FROM information_schema.columns
    WHERE table_schema = database() AND table_name IN (\(list: tables))
    ORDER BY table_name, ordinal_position
    """
  }

  static func renaming(_ names: [(old: String, new: String)]) -> [String] {
    ["RENAME TABLE " + names.map { "\"\($0.old)\" TO \"\($0.new)\"" }.joined(separator: ", ")]
  }

  static func sessionLock() -> SQL? { "SELECT get_lock(concat('verbatim_legacy_', sha1(database())), 0)" }

  /// The lock is the session's, for it must outlast the commits of definitions. Its name has the database's, since one
  /// server has the locks of all.
  static func exclusively<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result {
    let name = "concat('verbatim_', sha1(database()))"
    let isHeld: Int64? = try connection.first("SELECT get_lock(\(unsafeSQL: name), \(unsafeSQL: "\(patience)"))") {
      $0.integer(0)
    }
    guard isHeld == 1 else {
      throw StoreError.unusable("another verbatim has been upgrading the database for \(patience) s; try again")
    }
    do {
      let result: Result = try body()
      try connection.execute("DO release_lock(\(unsafeSQL: name))")
      return result
    } catch {
      // The first failure is what there is to tell; a session that is lost has lost the lock, too.
      _ = try? connection.execute("DO release_lock(\(unsafeSQL: name))")
      throw error
    }
  }

  static func risks(on connection: isolated Connection) throws -> [String] {
    try connection.first("SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog") { row in
      var risks: [String] = []
      if row.integer(0) != 1 { risks.append("innodb_flush_log_at_trx_commit is \(row.integer(0))") }
      if row.integer(1) == 1, row.integer(2) != 1 { risks.append("sync_binlog is \(row.integer(2))") }
      return risks
    } ?? []
  }

  static func options(_ dialect: Dialect) -> String {
    "ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4"
      + (dialect.byteCollation.map { " COLLATE \($0)" } ?? "")
  }

  static func recorder(_ dialect: Dialect) -> [String] {
    let options: String = options(dialect)
    return [
      """
      CREATE TABLE IF NOT EXISTS conversation_histories (
      \(exchangeColumns),
        INDEX conversation_histories_conversation (account_id, conversation_id, id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS error_conversation_histories (
      \(exchangeColumns),
        error_code          VARCHAR(255),
        error_message       LONGTEXT,
        INDEX error_conversation_histories_conversation (account_id, conversation_id, id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS conversations (
        account_id      VARCHAR(64) NOT NULL,
        id              VARCHAR(255) NOT NULL,
        app_id          VARCHAR(64) NOT NULL,
        user_id         VARCHAR(64) NOT NULL,
        name            VARCHAR(255) NOT NULL,
        status          VARCHAR(16) NOT NULL DEFAULT 'active',
        source          VARCHAR(64) NOT NULL,
        model_name      VARCHAR(128),
        dialogue_count  BIGINT NOT NULL DEFAULT 0,
        error_count     BIGINT NOT NULL DEFAULT 0,
        message_count   BIGINT NOT NULL DEFAULT 0,
        total_tokens    BIGINT NOT NULL DEFAULT 0,
        total_price     BIGINT NOT NULL DEFAULT 0,
        created_at      BIGINT NOT NULL,
        updated_at      BIGINT NOT NULL,
        last_active_at  BIGINT NOT NULL,
        deleted_at      BIGINT,
        inputs          LONGTEXT,
        metadata        LONGTEXT,
        PRIMARY KEY (account_id, id),
        INDEX conversations_user (account_id, user_id, created_at)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_conversation_days (
        account_id      VARCHAR(64) NOT NULL,
        conversation_id VARCHAR(255) NOT NULL,
        day             BIGINT NOT NULL,
        PRIMARY KEY (account_id, conversation_id, day)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS conversation_settings (
        account_id        VARCHAR(64) NOT NULL,
        conversation_id   VARCHAR(255) NOT NULL,
        temperature       DOUBLE,
        max_tokens        BIGINT,
        top_p             DOUBLE,
        frequency_penalty DOUBLE,
        presence_penalty  DOUBLE,
        stop_sequences    LONGTEXT,
        system_message    LONGTEXT,
        created_at        BIGINT NOT NULL,
        updated_at        BIGINT NOT NULL,
        PRIMARY KEY (account_id, conversation_id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS message_files (
        id              BINARY(16) NOT NULL PRIMARY KEY,
        account_id      VARCHAR(64) NOT NULL,
        conversation_id VARCHAR(255) NOT NULL,
        exchange_id     BINARY(16) NOT NULL,
        day             BIGINT NOT NULL,
        type            VARCHAR(16) NOT NULL,
        transfer_method VARCHAR(16) NOT NULL,
        url             VARCHAR(2048) NOT NULL,
        belongs_to      VARCHAR(16) NOT NULL,
        upload_file_id  VARCHAR(128),
        file_name       VARCHAR(255),
        file_size       BIGINT,
        mime_type       VARCHAR(255),
        metadata        LONGTEXT,
        created_by_role VARCHAR(64) NOT NULL,
        created_by      VARCHAR(64) NOT NULL,
        created_at      BIGINT NOT NULL,
        INDEX message_files_exchange (exchange_id, id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_message_keys (
        account_id      VARCHAR(64) NOT NULL,
        scope           VARCHAR(260) NOT NULL,
        "key"           VARCHAR(128) NOT NULL,
        exchange_id     BINARY(16) NOT NULL,
        conversation_id VARCHAR(255) NOT NULL,
        day             BIGINT NOT NULL,
        PRIMARY KEY (account_id, scope, "key")
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_response_ids (
        account_id  VARCHAR(64) NOT NULL,
        response_id VARCHAR(255) NOT NULL,
        exchange_id BINARY(16) NOT NULL,
        PRIMARY KEY (account_id, response_id, exchange_id)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_usage_by_day (
        day               BIGINT NOT NULL,
        account_id        VARCHAR(64) NOT NULL,
        app_id            VARCHAR(64) NOT NULL,
        user_id           VARCHAR(64) NOT NULL,
        model_name        VARCHAR(128) NOT NULL,
        status            VARCHAR(16) NOT NULL,
      \(usageColumns),
        PRIMARY KEY (day, account_id, app_id, user_id, model_name, status)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_usage_by_hour (
        hour              BIGINT NOT NULL,
        account_id        VARCHAR(64) NOT NULL,
        app_id            VARCHAR(64) NOT NULL,
        model_name        VARCHAR(128) NOT NULL,
        channel_id        BIGINT NOT NULL,
        status            VARCHAR(16) NOT NULL,
      \(usageColumns),
        PRIMARY KEY (hour, account_id, app_id, model_name, channel_id, status)
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_partitions (
        day        BIGINT NOT NULL PRIMARY KEY,
        state      VARCHAR(16) NOT NULL DEFAULT 'open',
        exchanges  BIGINT NOT NULL DEFAULT 0,
        messages   BIGINT NOT NULL DEFAULT 0,
        errors     BIGINT NOT NULL DEFAULT 0,
        bytes      BIGINT NOT NULL DEFAULT 0,
        dropped_at BIGINT
      ) \(options)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_settings (
        name  VARCHAR(64) NOT NULL PRIMARY KEY,
        value LONGTEXT NOT NULL
      ) \(options)
      """,
    ]
  }

  static func aliases(_ dialect: Dialect) -> String {
    """
    CREATE TABLE IF NOT EXISTS verbatim_exchange_aliases (
      account_id            VARCHAR(64) NOT NULL,
      id                    BINARY(16) NOT NULL,
      conversation_id       VARCHAR(255) NOT NULL,
      exchange_id           BINARY(16) NOT NULL,
      first_conversation_id VARCHAR(255) NOT NULL,
      created_at            BIGINT NOT NULL,
      PRIMARY KEY (account_id, id),
      INDEX verbatim_exchange_aliases_conversation (account_id, conversation_id)
    ) \(options(dialect))
    """
  }

  /// A name of 255 characters, sealed by a key with the longest id.
  private static let sealedName = "VARCHAR(2000)"
  /// A tag of 64 characters likewise; with more an index would not take it.
  private static let sealedTag = "VARCHAR(440)"

  /// Where a length of more than 255 bytes grows, no row is written anew.
  static func roomForSealedTexts(inHistory tables: [String]) -> [String] {
    [
      "ALTER TABLE conversations MODIFY name \(sealedName) NOT NULL",
      "ALTER TABLE verbatim_conversation_tags MODIFY tag \(sealedTag) NOT NULL",
    ] + tables.map { "ALTER TABLE \"\($0)\" MODIFY name \(sealedName)" }
  }

  /// The columns of both history tables.
  static let exchangeColumns = """
      id                  BINARY(16) NOT NULL PRIMARY KEY,
      account_id          VARCHAR(64) NOT NULL,
      conversation_id     VARCHAR(255) NOT NULL,
      exchange_id         BINARY(16) NOT NULL,
      parent_id           BINARY(16),
      position            BIGINT NOT NULL,
      choice_index        BIGINT,
      app_id              VARCHAR(64) NOT NULL,
      user_id             VARCHAR(64) NOT NULL,
      role                LONGTEXT NOT NULL,
      name                \(sealedName),
      content_kind        VARCHAR(16) NOT NULL,
      tool_call_id        LONGTEXT,
      chain_hash          VARBINARY(64),
      created_at          BIGINT NOT NULL,
      recorded_at         BIGINT NOT NULL,
      model_provider      VARCHAR(64),
      model_name          VARCHAR(128),
      prompt_tokens       BIGINT,
      completion_tokens   BIGINT,
      total_tokens        BIGINT,
      finish_reason       VARCHAR(255),
      system_fingerprint  VARCHAR(255),
      response_id         VARCHAR(255),
      is_stream           BIGINT,
      latency             BIGINT,
      first_token_latency BIGINT,
      total_price         BIGINT,
      currency            VARCHAR(16),
      status              VARCHAR(16),
      token_id            BIGINT,
      token_name          VARCHAR(255),
      channel_id          BIGINT,
      ip                  VARCHAR(64),
      client_message_id   VARCHAR(64),
      attachment_count    BIGINT,
      content             LONGTEXT,
      raw                 LONGTEXT,
      tool_calls          LONGTEXT,
      request             LONGTEXT,
      "usage"             LONGTEXT,
      inputs              LONGTEXT,
      other               LONGTEXT
    """

  static let usageColumns: String =
    (["exchanges", "messages", "prompt_tokens", "completion_tokens", "total_price"] + LatencyHistogram.columns)
    .map { "  \($0) BIGINT NOT NULL DEFAULT 0" }.joined(separator: ",\n")
}
