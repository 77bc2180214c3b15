import Databases
import VerbatimModel

/// One query that finds what should not be: it answers account, conversation or key, and what is wrong.
struct Check: Sendable {
  let name: String
  let sql: String

  /// Findings of one check beyond this many are left out.
  static let limit = 20

  static func all(_ dialect: Dialect) -> [Check] {
    ofConversations(dialect) + ofReferences(dialect)
  }

  private static func ofConversations(_ dialect: Dialect) -> [Check] {
    [
      Check(
        name: "counters of conversations",
        // Rows are grouped in the order of their index; conversations are found by primary key.
        sql: """
          SELECT r.account_id, r.conversation_id,
            'holds ' || r.exchanges || ' exchanges and ' || r.messages || ' messages, counted as '
              || coalesce('' || c.dialogue_count, 'none') || ' and ' || coalesce('' || c.message_count, 'none')
          FROM (
            SELECT account_id, conversation_id, count(CASE WHEN exchange_id = id THEN 1 END) AS exchanges,
                count(*) AS messages
            FROM conversation_histories
            GROUP BY account_id, conversation_id
          ) AS r
          LEFT JOIN conversations AS c ON c.account_id = r.account_id AND c.id = r.conversation_id
          WHERE c.id IS NULL OR c.dialogue_count <> r.exchanges OR c.message_count <> r.messages
          """),
      Check(
        name: "sums and times of conversations",
        sql: """
          SELECT c.account_id, c.id,
            'total_tokens, total_price, created_at and last_active_at are ' || c.total_tokens || ', ' || c.total_price
              || ', ' || c.created_at || ', ' || c.last_active_at || ', the rows hold ' || r.tokens || ', ' || r.price
              || ', ' || r.earliest || ', ' || r.latest
          FROM conversations AS c
          JOIN (
            SELECT account_id, conversation_id, sum(tokens) AS tokens, sum(price) AS price, min(created_at) AS earliest,
              max(created_at) AS latest
            FROM (
              SELECT account_id, conversation_id, \(exchangeTokens) AS tokens, \(plausible("total_price")) AS price,
                created_at
              FROM conversation_histories
              WHERE exchange_id = id
              UNION ALL
              SELECT account_id, conversation_id, \(exchangeTokens), \(plausible("total_price")), created_at
              FROM error_conversation_histories
            ) AS e
            GROUP BY account_id, conversation_id
          ) AS r ON r.account_id = c.account_id AND r.conversation_id = c.id
          WHERE c.total_tokens <> r.tokens OR c.total_price <> r.price OR c.created_at <> r.earliest
            OR c.last_active_at <> r.latest
          """),
      Check(
        name: "error counters of conversations",
        sql: """
          SELECT c.account_id, c.id,
            'error_count is ' || c.error_count || ', the error history holds ' || coalesce(r.errors, 0)
          FROM conversations AS c
          LEFT JOIN (
            SELECT account_id, conversation_id, count(*) AS errors
            FROM error_conversation_histories
            GROUP BY account_id, conversation_id
          ) AS r ON r.account_id = c.account_id AND r.conversation_id = c.id
          WHERE c.error_count <> coalesce(r.errors, 0)
          """),
      Check(
        name: "conversations of failed exchanges",
        sql: """
          SELECT e.account_id, e.conversation_id, 'has failed exchanges, but no row in conversations'
          FROM error_conversation_histories AS e
          LEFT JOIN conversations AS c ON c.account_id = e.account_id AND c.id = e.conversation_id
          WHERE c.id IS NULL
          """),
      Check(
        name: "conversations without rows",
        sql: """
          SELECT c.account_id, c.id,
            'counts ' || c.dialogue_count || ' exchanges and ' || c.message_count || ' messages, holds none'
          FROM conversations AS c
          WHERE (c.dialogue_count > 0 OR c.message_count > 0)
            AND NOT EXISTS (
              SELECT 1 FROM conversation_histories AS h
                WHERE h.account_id = c.account_id AND h.conversation_id = c.id
            )
          """),
    ]
  }

  private static func ofReferences(_ dialect: Dialect) -> [Check] {
    [
      Check(
        name: "messages and their exchanges",
        sql: """
          SELECT h.account_id, h.conversation_id,
            'message ' || \(dialect.hexadecimal("h.id")) || ' belongs to exchange '
              || \(dialect.hexadecimal("h.exchange_id"))
              || ', which is missing or of another conversation'
          FROM conversation_histories AS h
          LEFT JOIN conversation_histories AS e ON e.id = h.exchange_id
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
          FROM conversation_histories AS h
          LEFT JOIN conversation_histories AS p
            ON p.id = h.parent_id AND p.account_id = h.account_id AND p.conversation_id = h.conversation_id
          WHERE h.parent_id IS NOT NULL AND p.id IS NULL
          """),
      Check(
        name: "idempotency keys without exchange",
        sql: """
          SELECT k.account_id, k.conversation_id, 'key ' || k."key" || ' leads to an exchange that is missing'
          FROM verbatim_message_keys AS k
          LEFT JOIN verbatim_partitions AS p ON p.day = k.day
          WHERE coalesce(p.state, 'open') <> 'dropped'
            AND NOT EXISTS (
              SELECT 1 FROM conversation_histories AS h
              WHERE h.id = k.exchange_id AND h.account_id = k.account_id AND h.conversation_id = k.conversation_id
            )
            AND NOT EXISTS (
              SELECT 1 FROM error_conversation_histories AS e
              WHERE e.id = k.exchange_id AND e.account_id = k.account_id AND e.conversation_id = k.conversation_id
            )
          """),
      Check(
        name: "exchanges without idempotency key",
        sql: """
          SELECT h.account_id, h.conversation_id,
            'exchange ' || \(dialect.hexadecimal("h.id")) || ' has client_message_id ' || h.client_message_id
              || ', which leads to no key or to another exchange'
          FROM conversation_histories AS h
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
      Check(
        name: "files without exchange",
        sql: """
          SELECT f.account_id, f.conversation_id,
            'file ' || \(dialect.hexadecimal("f.id")) || ' belongs to exchange '
              || \(dialect.hexadecimal("f.exchange_id")) || ', which is missing'
          FROM message_files AS f
          WHERE NOT EXISTS (
              SELECT 1 FROM conversation_histories AS h
              WHERE h.id = f.exchange_id AND h.account_id = f.account_id AND h.conversation_id = f.conversation_id
            )
            AND NOT EXISTS (
              SELECT 1 FROM error_conversation_histories AS e
              WHERE e.id = f.exchange_id AND e.account_id = f.account_id AND e.conversation_id = f.conversation_id
            )
          """),
      Check(
        name: "files of an exchange",
        sql: """
          SELECT h.account_id, h.conversation_id,
            'exchange ' || \(dialect.hexadecimal("h.id"))
              || ' speaks of ' || h.attachment_count || ' files, and has '
              || (SELECT count(*) FROM message_files AS f WHERE f.exchange_id = h.id)
          FROM (
            SELECT id, account_id, conversation_id, attachment_count FROM conversation_histories
            UNION ALL
            SELECT id, account_id, conversation_id, attachment_count FROM error_conversation_histories
          ) AS h
          WHERE h.attachment_count IS NOT NULL
            AND h.attachment_count <> (SELECT count(*) FROM message_files AS f WHERE f.exchange_id = h.id)
          """),
      Check(
        name: "response ids without exchange",
        sql: """
          SELECT r.account_id, r.response_id, 'leads to exchange ' || \(dialect.hexadecimal("r.exchange_id"))
              || ', which is missing'
          FROM verbatim_response_ids AS r
          WHERE NOT EXISTS (SELECT 1 FROM conversation_histories AS h WHERE h.id = r.exchange_id)
            AND NOT EXISTS (SELECT 1 FROM error_conversation_histories AS e WHERE e.id = r.exchange_id)
          """),
      Check(
        name: "active days without conversation",
        sql: """
          SELECT d.account_id, d.conversation_id, 'is active on day ' || d.day || ', but no row in conversations'
          FROM verbatim_conversation_days AS d
          LEFT JOIN conversations AS c ON c.account_id = d.account_id AND c.id = d.conversation_id
          WHERE c.id IS NULL
          """),
    ]
  }

  /// The tokens that an exchange counts for, as `PendingExchange.totalTokens` has them.
  static let exchangeTokens: String = """
    CASE WHEN \(isCountable("total_tokens")) THEN total_tokens
      ELSE \(plausible("prompt_tokens")) + \(plausible("completion_tokens")) END
    """

  private static func isCountable(_ column: String) -> String {
    "\(column) BETWEEN \(PendingExchange.countable.lowerBound) AND \(PendingExchange.countable.upperBound)"
  }

  static func plausible(_ column: String) -> String {
    "(CASE WHEN \(isCountable(column)) THEN \(column) ELSE 0 END)"
  }
}
