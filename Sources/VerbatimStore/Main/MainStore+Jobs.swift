import Databases
import VerbatimModel

/// Exports that are made in the background, as their owners see them.
///
/// A job that was removed or has expired is not there any more for anybody but the workers, each of which removes what
/// it has of its files; the row goes an hour later.
extension MainStore {
  /// How many of an account may wait or run at once, about.
  package static let mostUnfinishedExports: Int64 = 100
  /// Milliseconds.
  private static let afterlife: Int64 = 3_600_000
  private static let removalsAtOnce = 100

  /// nil where the account has too many that are not done yet. `query`: the parameters, as a query string; `end`: where
  /// the feed stands.
  package func addExport(_ query: String, reach: Reach, end: Int64, estimate: Int64) async throws -> ExportJob? {
    let job = ExportJob(
      id: ids.next(count: 1, at: nil), reach: reach, query: query, end: end, estimate: estimate, createdAt: clock())
    let account: String = reach.account ?? ExportJob.everybody
    return try await write { connection in
      let unfinished: Int64? = try connection.first(
        "SELECT count(*) FROM verbatim_jobs WHERE account_id = \(account) AND state IN ('waiting', 'running')"
      ) { $0.integer(0) }
      guard unfinished ?? 0 < Self.mostUnfinishedExports else { return nil }
      try connection.execute(
        """
        INSERT INTO verbatim_jobs (
          id, account_id, app_id, user_id, query, state, feed_end, estimate, created_at, updated_at
        )
        VALUES (
          \(job.id), \(account), \(reach.app), \(reach.user), \(query), \(job.state.rawValue), \(end), \(estimate),
          \(job.createdAt), \(job.updatedAt)
        )
        """)
      return job
    }
  }

  /// At most `limit`, newest first, older than `last`.
  package func exports(within reach: Reach, before last: UUIDv7?, limit: Int) async throws -> [ExportJob] {
    let isThere: SQL = isThere
    return try await read { connection in
      try connection.query(
        """
        \(ExportJob.selection)
        WHERE id < \(last ?? .behindAll) AND \(reach.condition()) AND \(isThere)
        ORDER BY id DESC
        LIMIT \(limit)
        """, ExportJob.init)
    }
  }

  /// nil where there is none, or it belongs to somebody else.
  package func export(_ id: UUIDv7, within reach: Reach) async throws -> ExportJob? {
    let isThere: SQL = isThere
    return try await read { connection in
      try connection.first(
        "\(ExportJob.selection) WHERE id = \(id) AND \(reach.condition()) AND \(isThere)", ExportJob.init)
    }
  }

  /// Whoever works on it stops at the next mark. Answers whether there was such a job.
  package func removeExport(_ id: UUIDv7, within reach: Reach) async throws -> Bool {
    let now: Int64 = clock()
    let isThere: SQL = isThere
    return try await write { connection in
      try connection.execute(
        """
        UPDATE verbatim_jobs
        SET state = \(ExportJob.State.removed.rawValue), expires_at = \(now), updated_at = \(now)
        WHERE id = \(id) AND \(reach.condition()) AND \(isThere)
        """) > 0
    }
  }

  /// Some of the jobs whose files are not to be kept any longer, behind `last`; none at the end.
  package func removedExports(behind last: UUIDv7?) async throws -> [UUIDv7] {
    let now: Int64 = clock()
    return try await read { connection in
      try connection.query(
        """
        SELECT id
        FROM verbatim_jobs
        WHERE id > \(last ?? .beforeAll) AND expires_at <= \(now)
        ORDER BY id
        LIMIT \(Self.removalsAtOnce)
        """
      ) { try $0.uuid(0) }
    }
  }

  /// Forgets jobs whose files every worker has had an hour to remove.
  package func forgetExports() async throws {
    let end: Int64 = clock() - Self.afterlife
    try await write { connection in
      _ = try connection.execute("DELETE FROM verbatim_jobs WHERE expires_at <= \(end)")
    }
  }

  private var isThere: SQL {
    let now: Int64 = clock()
    return "state <> 'removed' AND (expires_at IS NULL OR expires_at > \(now))"
  }
}

extension ExportJob {
  /// Stands for all accounts, since none is called so.
  static let everybody = ""

  static let selection: SQL = """
    SELECT id, account_id, app_id, user_id, query, state, feed_end, estimate, place, bytes, exchanges, checksum, reason,
      created_at, updated_at, expires_at
    FROM verbatim_jobs
    """

  init(_ row: Row) throws {
    let account: String = row.text(1)
    self.init(
      id: try row.uuid(0),
      reach: Reach(
        account: account == Self.everybody ? nil : account, app: row.optionalText(2), user: row.optionalText(3)),
      query: row.text(4), end: row.integer(6), estimate: row.integer(7), createdAt: row.integer(13))
    state = State(rawValue: row.text(5)) ?? .failed
    let text: String? = row.optionalText(8)
    mark.place = text.flatMap { ExportPlace($0) }
    // One that cannot be read would look like the end.
    if mark.place != nil || text == nil {
      mark.bytes = row.integer(9)
      mark.exchanges = row.integer(10)
    }
    checksum = row.optionalText(11)
    reason = row.optionalText(12)
    updatedAt = row.integer(14)
    expiresAt = row.optionalInteger(15)
  }
}
