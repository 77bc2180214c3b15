import Databases
import VerbatimModel

/// Copies a whole history from one database to another, of any two engines.
///
/// The target becomes what the source was at the moment when the run began: the source is read in one snapshot, rows
/// and counters alike, so exchanges that arrive meanwhile are left to the next run, which copies only what differs.
/// Until a run has ended, the target cannot be served. Memory holds three pages of rows, whatever the history's size.
package struct HistoryCopy: Sendable {
  package struct Progress: Sendable {
    package enum Step: String, Sendable { case copying, comparing }

    package let step: Step
    package let table: String
    package let rows: Int
    package let total: Int
  }

  /// A table that both sides hold alike.
  package struct CopiedTableSummary: Sendable {
    package let table: String
    /// nil where rows are not kept by day.
    package let days: Int?
    package let contents: Contents
  }

  private let source: Store.Configuration
  private let target: Store.Configuration
  /// Whether other data in the target is deleted.
  private let replaces: Bool
  private let onProgress: @Sendable (Progress) -> Void

  package init(
    from source: Store.Configuration, to target: Store.Configuration, replaces: Bool,
    onProgress: @escaping @Sendable (Progress) -> Void
  ) {
    self.source = source
    self.target = target
    self.replaces = replaces
    self.onProgress = onProgress
  }

  /// Throws `StoreError.unusable` where the target holds other data, or differs at the end.
  package func run() async throws -> [CopiedTableSummary] {
    guard source.engine != target.engine else {
      throw StoreError.unusable("the source and the target are the same database: \(source.engine)")
    }
    var reading: Store.Configuration = source
    reading.isReadOnly = true
    return try await withStore(reading) { source in
      var writing: Store.Configuration = target
      writing.isCopyTarget = true
      writing.purpose = "copy"
      writing.partitionTimeZone = source.calendar.timeZoneName
      // Tables of days come from the source.
      writing.isDaily = false
      return try await withStore(writing) { target in try await copy(source, target) }
    }
  }

  private func copy(_ source: Store, _ target: Store) async throws -> [CopiedTableSummary] {
    guard try await !isSameDatabase(source, target) else {
      throw StoreError.unusable("the source and the target are the same database: \(target.configuration.engine)")
    }
    guard let identity = try await source.database.read({ try $0.setting(.firstStartedAt) }) else {
      throw StoreError.unusable("the source has never been started; there is nothing to copy")
    }
    let days: Set<String> = try await source.database.read { try $0.historyTables() }
    let tables: [CopiedTable] = try await target.database.writer.run { try $0.copiedTables(ofDays: days.sorted()) }
    let others: [CopiedTable] = try await target.database.writer.run { connection in
      try connection.historyTables().subtracting(days).sorted().compactMap { try connection.copiedTable($0) }
    }
    let resumes: Bool = try await prepare(target, tables, others, identity)
    let worker = CopyTarget(target.database.writer)
    let pass = CopyPass(
      tables: tables, calendar: source.calendar, target: worker, resumes: resumes, onProgress: onProgress)
    let summaries: [CopiedTableSummary] = try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await worker.run() }
      defer { worker.finish() }
      return try await source.database.read { connection in
        try connection.snapshot {
          try pass.checkTables(of: connection)
          return try pass.run(on: connection)
        }
      }
    }
    let usage: Contents = summaries.first { $0.table == Self.usageTable }?.contents ?? Contents()
    try await target.database.writer.run { connection in
      try connection.setCopyMark(CopyMark(source: identity, state: .complete(usage: usage)))
    }
    return summaries
  }

  /// One database may have two names, so something is left in the one and looked for in the other.
  private func isSameDatabase(_ source: Store, _ target: Store) async throws -> Bool {
    let probe: String = target.leaseHolder
    try await target.database.writer.run { try $0.setSetting(.copyProbe, to: probe) }
    let found: String? = try await source.database.read { try $0.setting(.copyProbe) }
    try await target.database.writer.run { try $0.removeSetting(.copyProbe) }
    return found == probe
  }

  /// Marks the target as a copy of the source; answers whether it was one before. `others`: tables of days that the
  /// source has not.
  private func prepare(
    _ target: Store, _ tables: [CopiedTable], _ others: [CopiedTable], _ identity: String
  ) async throws -> Bool {
    let (calendar, replaces) = (target.calendar, replaces)
    return try await target.database.writer.run { connection in
      let mark: CopyMark? = try connection.copyMark()
      var resumes: Bool = mark?.source == identity
      if let objection = try connection.objection(
        to: mark, of: identity, tables + others, calendar: calendar)
      {
        guard replaces else { throw StoreError.unusable(objection) }
        for table in tables where table.name != CopyMark.table {
          try connection.execute(table.deletion(of: .whole))
        }
        resumes = false
      }
      for table in others { try connection.execute("DROP TABLE \(identifier: table.name)") }
      try connection.forgetSearchIndex()
      try connection.setCopyMark(CopyMark(source: identity, state: .begun))
      return resumes
    }
  }

  private func withStore<Result>(
    _ configuration: Store.Configuration, _ body: (Store) async throws -> Result
  ) async throws -> Result {
    let store: Store = try await Store.open(configuration)
    do {
      let result: Result = try await body(store)
      await store.close()
      return result
    } catch {
      await store.close()
      throw error
    }
  }

  /// Every recorded exchange changes it.
  fileprivate static let usageTable = "verbatim_usage_by_day"
}

extension Connection {
  /// What a history consists of, counters last, so that a copy that was cut off has none of what is copied later.
  /// Tables of days are made where they are missing.
  fileprivate func copiedTables(ofDays days: [String]) throws -> [CopiedTable] {
    let dialect: Dialect = try dialect()
    for name in days {
      let hasFailures: Bool = Partition.isErrorTable(name)
      try executeScript(dialect.schema.historyTable(named: name, hasFailures: hasFailures, dialect))
    }
    let tables: [String] = Migration.all.flatMap(\.tables).filter { !Migration.searchTables.contains($0) }
    return try (days + tables).compactMap { try copiedTable($0) }
  }

  /// Why the target cannot become a copy of the source; nil where nothing speaks against it.
  fileprivate func objection(
    to mark: CopyMark?, of identity: String, _ tables: [CopiedTable], calendar: PartitionCalendar
  ) throws -> String? {
    let way = "name another database, or delete what it holds with --replace"
    guard let mark else {
      for table in tables where table.name != CopyMark.table && !Self.registersOfDays.contains(table.name) {
        let row: Bool? = try first("\(table.selection(of: .whole)) LIMIT 1") { _ in true }
        if row != nil { return "the target holds other data (\(table.name)); \(way)" }
      }
      return nil
    }
    guard mark.source == identity else { return "the target holds a copy of another history; \(way)" }
    guard case .complete(let usage) = mark.state,
      let table = tables.first(where: { $0.name == HistoryCopy.usageTable })
    else { return nil }
    let now: Contents = try contents(of: table, portion: .whole, calendar: calendar) { _, _ in }.total
    return now == usage
      ? nil : "the target has recorded exchanges of its own since it was copied, which would be lost; \(way)"
  }

  /// They have rows of days that are empty, too.
  private static let registersOfDays: Set<String> = ["verbatim_partitions", "verbatim_day_tables"]
}
