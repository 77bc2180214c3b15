import Databases

extension PostgreSQLSchema {
  static func usageTotals(_ dialect: Dialect) -> [String] {
    [
      """
      ALTER TABLE verbatim_usage_by_day
        DROP CONSTRAINT verbatim_usage_by_day_pkey,
        ADD PRIMARY KEY (day, account_id, user_id, app_id, model_name, status);
      CREATE TABLE verbatim_usage_totals (
        grain             BIGINT NOT NULL,
        day               BIGINT NOT NULL,
        account_id        \(text) NOT NULL,
        app_id            \(text) NOT NULL,
        model_name        \(text) NOT NULL,
        status            \(text) NOT NULL,
      \(usageColumns),
        PRIMARY KEY (grain, day, account_id, app_id, model_name, status)
      );
      """
    ]
  }
}
