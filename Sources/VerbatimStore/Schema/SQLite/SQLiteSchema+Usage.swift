import Databases

extension SQLiteSchema {
  static func usageTotals(_ dialect: Dialect) -> [String] {
    let columns: String =
      "day, account_id, app_id, user_id, model_name, status, "
      + UsageColumns.names.joined(separator: ", ")
    return [
      """
      CREATE TABLE verbatim_usage_by_day_in_order (
        day               INTEGER NOT NULL,
        account_id        TEXT    NOT NULL,
        app_id            TEXT    NOT NULL,
        user_id           TEXT    NOT NULL,
        model_name        TEXT    NOT NULL,
        status            TEXT    NOT NULL,
      \(usageColumns),
        PRIMARY KEY (day, account_id, user_id, app_id, model_name, status)
      ) WITHOUT ROWID;
      INSERT INTO verbatim_usage_by_day_in_order (\(columns))
      SELECT \(columns)
      FROM verbatim_usage_by_day
      ORDER BY day, account_id, user_id, app_id, model_name, status;
      DROP TABLE verbatim_usage_by_day;
      ALTER TABLE verbatim_usage_by_day_in_order RENAME TO verbatim_usage_by_day;

      CREATE TABLE verbatim_usage_totals (
        grain             INTEGER NOT NULL,
        day               INTEGER NOT NULL,
        account_id        TEXT    NOT NULL,
        app_id            TEXT    NOT NULL,
        model_name        TEXT    NOT NULL,
        status            TEXT    NOT NULL,
      \(usageColumns),
        PRIMARY KEY (grain, day, account_id, app_id, model_name, status)
      ) WITHOUT ROWID;
      """
    ]
  }
}
