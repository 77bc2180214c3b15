import Databases
import VerbatimModel

extension Store {
  /// Compares counts, counters, keys, references and the partition register at one moment, while writing goes on.
  /// Every answered line is something wrong; at most `Check.limit` a check.
  package func verify(progress: @escaping @Sendable (String) -> Void) async throws -> [String] {
    let calendar: PartitionCalendar = calendar
    return try await database.read { connection in
      try connection.snapshot { try connection.findings(calendar, progress: progress) }
    }
  }

  /// The engine's own check of the file; every line is damage. A server looks after its files itself.
  package func integrityCheck() async throws -> [String] {
    dialect.isServer ? [] : try await database.integrityCheck()
  }

  /// Copies the database as it is now to a new file while appends go on; fails if the file exists, and
  /// where the history is on a server.
  package func backup(to path: String, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void) async throws {
    _ = try configuration.file()
    try await database.backup(to: path, progress: progress)
  }
}

extension Connection {
  /// What is wrong, a line each, as this connection sees it.
  func findings(_ calendar: PartitionCalendar, progress: (String) -> Void) throws -> [String] {
    let map: HistoryMap = try historyMap(calendar)
    let dialect: Dialect = try dialect()
    var findings: [String] = []
    progress("counters of conversations")
    findings += try checkConversations(map)
    for table in map.messageTables {
      progress("references within \(table)")
      for check in Check.all(ofMessages: table, dialect) { findings += try run(check) }
    }
    for table in map.errorTables {
      for check in Check.all(ofFailures: table, dialect) { findings += try run(check) }
    }
    progress("references to exchanges")
    findings += try checkReferences(map)
    findings += try run(.activeDays)
    progress("feed")
    findings += try checkFeed(map)
    progress("settings")
    findings += try checkSettings()
    progress("times and days of ids")
    findings += try checkTimes(map)
    progress("partition register and usage")
    findings += try checkDays(map)
    return findings
  }

  /// The day checks stand on the stored time zone.
  fileprivate func checkSettings() throws -> [String] {
    let isThere: Int64? = try first("SELECT 1 FROM verbatim_settings WHERE name = 'partition_time_zone'") {
      $0.integer(0)
    }
    return isThere == nil ? ["settings: partition_time_zone is missing"] : []
  }

  fileprivate func run(_ check: Check) throws -> [String] {
    try query("\(unsafeSQL: check.sql) LIMIT \(Check.limit)") { row in
      "\(check.name): \(row.text(0))/\(row.text(1)) \(row.text(2))"
    }
  }
}
