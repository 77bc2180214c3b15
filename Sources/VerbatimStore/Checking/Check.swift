import Databases
import VerbatimModel

/// One query that finds what should not be: it answers account, conversation or key, and what is wrong.
struct Check: Sendable {
  let name: String
  let sql: String

  /// Findings of one check beyond this many are left out.
  static let limit = 20

  /// What holds within one table of messages: the rows of an exchange are in one.
  static func all(ofMessages table: String, _ dialect: Dialect) -> [Check] {
    [
      Check(
        name: "messages and their exchanges",
        sql: """
          SELECT h.account_id, h.conversation_id,
            'message ' || \(dialect.hexadecimal("h.id")) || ' belongs to exchange '
              || \(dialect.hexadecimal("h.exchange_id"))
              || ', which is missing or of another conversation'
          FROM \(table) AS h
          LEFT JOIN \(table) AS e ON e.id = h.exchange_id
          WHERE h.exchange_id <> h.id
            AND (e.id IS NULL OR e.exchange_id <> e.id OR e.conversation_id <> h.conversation_id
              OR e.account_id <> h.account_id)
          """),
      Check(
        name: "messages and their parents",
        sql: """
          SELECT h.account_id, h.conversation_id,
            'message ' || \(dialect.hexadecimal("h.id")) || ' answers ' || \(dialect.hexadecimal("h.parent_id"))
              || ', which is missing or of another conversation'
          FROM \(table) AS h
          LEFT JOIN \(table) AS p
            ON p.id = h.parent_id AND p.account_id = h.account_id AND p.conversation_id = h.conversation_id
          WHERE h.parent_id IS NOT NULL AND p.id IS NULL
          """),
      Check(
        name: "exchanges without idempotency key",
        sql: """
          SELECT h.account_id, h.conversation_id,
            'exchange ' || \(dialect.hexadecimal("h.id")) || ' has client_message_id ' || h.client_message_id
              || ', which leads to no key or to another exchange'
          FROM \(table) AS h
          WHERE h.client_message_id IS NOT NULL
            AND NOT EXISTS (
              SELECT 1 FROM verbatim_message_keys AS k
              WHERE k.account_id = h.account_id AND k.scope = 'c:' || h.conversation_id
                AND k."key" = h.client_message_id AND k.exchange_id = h.id
            )
            AND NOT EXISTS (
              SELECT 1 FROM verbatim_message_keys AS k
              WHERE k.account_id = h.account_id
                AND k.scope = 'u:' || \(dialect.byteCount("h.app_id")) || ':' || h.app_id || h.user_id
                AND k."key" = h.client_message_id AND k.exchange_id = h.id
            )
          """),
      files(of: table, dialect),
    ]
  }

  /// What holds within one table of failures.
  static func all(ofFailures table: String, _ dialect: Dialect) -> [Check] { [files(of: table, dialect)] }

  private static func files(of table: String, _ dialect: Dialect) -> Check {
    Check(
      name: "files of an exchange",
      sql: """
        SELECT h.account_id, h.conversation_id,
          'exchange ' || \(dialect.hexadecimal("h.id"))
            || ' speaks of ' || h.attachment_count || ' files, and has '
            || (SELECT count(*) FROM message_files AS f WHERE f.exchange_id = h.id)
        FROM \(table) AS h
        WHERE h.attachment_count IS NOT NULL
          AND h.attachment_count <> (SELECT count(*) FROM message_files AS f WHERE f.exchange_id = h.id)
        """)
  }

  static let activeDays =
    Check(
      name: "active days without conversation",
      sql: """
        SELECT d.account_id, d.conversation_id, 'is active on day ' || d.day || ', but no row in conversations'
        FROM verbatim_conversation_days AS d
        LEFT JOIN conversations AS c ON c.account_id = d.account_id AND c.id = d.conversation_id
        WHERE c.id IS NULL
        """)

  /// The tokens that an exchange counts for, as `PendingExchange.totalTokens` has them.
  static let exchangeTokens: String = """
    CASE WHEN \(isWithin(PendingExchange.countableTokens, "total_tokens")) THEN total_tokens
      ELSE \(countedTokens("prompt_tokens")) + \(countedTokens("completion_tokens")) END
    """

  /// The price that an exchange counts for.
  static let exchangePrice: String =
    "(CASE WHEN \(isWithin(PendingExchange.countablePrices, "total_price")) THEN total_price ELSE 0 END)"

  static func countedTokens(_ column: String) -> String {
    "(CASE WHEN \(isWithin(PendingExchange.countableTokens, column)) THEN \(column) ELSE 0 END)"
  }

  private static func isWithin(_ range: ClosedRange<Int64>, _ column: String) -> String {
    "\(column) BETWEEN \(range.lowerBound) AND \(range.upperBound)"
  }
}
