import Databases

extension MySQLSchema {
  static func usageTotals(_ dialect: Dialect) -> [String] {
    [
      """
      ALTER TABLE verbatim_usage_by_day
        DROP PRIMARY KEY, ADD PRIMARY KEY (day, account_id, user_id, app_id, model_name, status)
      """,
      """
      CREATE TABLE IF NOT EXISTS verbatim_usage_totals (
        grain             BIGINT NOT NULL,
        day               BIGINT NOT NULL,
        account_id        VARCHAR(64) NOT NULL,
        app_id            VARCHAR(64) NOT NULL,
        model_name        VARCHAR(128) NOT NULL,
        status            VARCHAR(16) NOT NULL,
      \(usageColumns),
        PRIMARY KEY (grain, day, account_id, app_id, model_name, status)
      ) \(options(dialect))
      """,
    ]
  }
}
