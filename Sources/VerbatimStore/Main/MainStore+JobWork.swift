import Databases
import VerbatimModel

/// Exports that are made in the background, as their workers see them.
///
/// One worker at a time has a job: it holds a lease and renews it with each mark. A job whose lease has run out is taken
/// up by another.
extension MainStore {
  /// Milliseconds.
  private static let lease: Int64 = 30_000

  /// Takes the oldest job that waits, or whose worker is gone.
  package func takeExport(for holder: String) async throws -> ExportJob? {
    let now: Int64 = clock()
    let isFree: SQL = "(state = 'waiting' OR (state = 'running' AND lease_until <= \(now)))"
    // Nearly always there is none, and a look does not keep others from writing.
    let isAny: Bool? = try await read { connection in
      try connection.first("SELECT 1 FROM verbatim_jobs WHERE \(isFree) LIMIT 1") { _ in true }
    }
    guard isAny != nil else { return nil }
    return try await write { connection in
      guard
        var job: ExportJob = try connection.first(
          "\(ExportJob.selection) WHERE \(isFree) ORDER BY id LIMIT 1", ExportJob.init)
      else { return nil }
      let taken: Int = try connection.execute(
        """
        UPDATE verbatim_jobs
        SET state = 'running', holder = \(holder), lease_until = \(now + Self.lease), updated_at = \(now)
        WHERE id = \(job.id) AND \(isFree)
        """)
      job.state = .running
      return taken == 1 ? job : nil
    }
  }

  /// Notes how far the holder of a job has come; false where it is not the holder's any more, or was removed.
  package func keep(_ job: ExportJob, for holder: String) async throws -> Bool {
    let now: Int64 = clock()
    return try await write { connection in
      try connection.execute(
        """
        UPDATE verbatim_jobs
        SET state = \(job.state.rawValue), place = \(job.mark.place?.text), bytes = \(job.mark.bytes),
          exchanges = \(job.mark.exchanges), checksum = \(job.checksum), reason = \(job.reason),
          expires_at = \(job.expiresAt), lease_until = \(now + Self.lease), updated_at = \(now)
        WHERE id = \(job.id) AND holder = \(holder) AND state = 'running'
        """) > 0
    }
  }

  /// Lets others have a job after a pause, from its last mark on.
  package func giveBack(_ id: UUIDv7, of holder: String, after pause: Duration) async throws {
    let end: Int64 = clock() + pause.wholeMilliseconds
    try await write { connection in
      _ = try connection.execute(
        """
        UPDATE verbatim_jobs
        SET lease_until = \(end)
        WHERE id = \(id) AND holder = \(holder) AND state = 'running'
        """)
    }
  }

  /// Ends the leases of workers that are gone, where only this process can have any.
  package func endExportLeases() async throws {
    guard !isShared else { return }
    try await write { connection in
      _ = try connection.execute("UPDATE verbatim_jobs SET lease_until = 0 WHERE state = 'running'")
    }
  }
}
