import Databases
import VerbatimModel

/// Copies who is who from one main database to another, of any two engines: accounts, keys and the audit trail. What is
/// stored of keys is the same everywhere, so each goes on opening what it opened.
///
/// As with `HistoryCopy`, the target becomes what the source was when the run began, and a repeated run copies what
/// differs. A target that holds an account, a key or a trace of its own is left alone.
package struct AccountCopy: Sendable {
  private static let tables = ["verbatim_accounts", "verbatim_keys", "verbatim_audit"]
  private static let keysAtOnce = 500

  private let source: MainStore.Configuration
  private let target: MainStore.Configuration
  /// Whether what the target holds of its own is deleted.
  private let replaces: Bool
  private let onProgress: @Sendable (HistoryCopy.Progress) -> Void

  package init(
    from source: MainStore.Configuration, to target: MainStore.Configuration, replaces: Bool,
    onProgress: @escaping @Sendable (HistoryCopy.Progress) -> Void
  ) {
    self.source = source
    self.target = target
    self.replaces = replaces
    self.onProgress = onProgress
  }

  /// Throws `StoreError.unusable` where the target holds something of its own, or differs at the end.
  package func run() async throws -> [HistoryCopy.CopiedTableSummary] {
    guard !source.engine.isSameDatabase(as: target.engine) else {
      throw StoreError.unusable("the source and the target are the same database: \(source.engine)")
    }
    return try await withSource { source in
      try await check(source)
      let main: MainStore = try await MainStore.open(target)
      do {
        let summaries: [HistoryCopy.CopiedTableSummary] = try await copy(source, main.database)
        await main.close()
        return summaries
      } catch {
        await main.close()
        throw error
      }
    }
  }

  private func withSource<Result>(_ body: (Database) async throws -> Result) async throws -> Result {
    var configuration = Database.Configuration(source.engine)
    configuration.isWritable = false
    let database: Database
    do {
      database = try await Database.open(configuration)
    } catch let error as DatabaseError {
      throw StoreError(opening: source.engine, error)
    }
    do {
      let result: Result = try await body(database)
      await database.close()
      return result
    } catch {
      await database.close()
      throw error
    }
  }

  private func check(_ source: Database) async throws {
    let version: Int64 = try await source.read { try $0.schemaVersion(of: .main) }
    let newest: Int64 = MigrationChain.main.newest
    guard version > 0 else { throw StoreError.unusable("the source holds no accounts and keys") }
    guard version <= newest else { throw StoreError.newerSchema(found: version, known: newest) }
    guard version == newest else {
      throw StoreError.unusable(
        "the source's accounts and keys have schema version \(version); bring them to \(newest) with verbatim migrate")
    }
  }

  private func copy(_ source: Database, _ target: Database) async throws -> [HistoryCopy.CopiedTableSummary] {
    guard let calendar = PartitionCalendar(timeZoneName: "UTC") else { return [] }
    let tables: [CopiedTable] = try await target.writer.run { connection in
      try Self.tables.compactMap { try connection.copiedTable($0) }
    }
    if !replaces { for table in tables { try await refuseStrays(of: table, source, target) } }
    let worker = CopyTarget(target.writer)
    let pass = CopyPass(tables: tables, calendar: calendar, target: worker, resumes: true, onProgress: onProgress)
    let (summaries, revision) = try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await worker.run() }
      defer { worker.finish() }
      return try await source.read { connection in
        try connection.snapshot { (try pass.run(on: connection), try connection.accessRevision()) }
      }
    }
    try await target.writer.run { try $0.raiseAccessRevision(above: revision) }
    return summaries
  }

  /// Throws where the target has a row that the source has not, but for the account that every database has.
  private func refuseStrays(of table: CopiedTable, _ source: Database, _ target: Database) async throws {
    var last: SQLValue?
    while true {
      let behind: SQLValue? = last
      let keys: [SQLValue] = try await target.writer.run { connection in
        try connection.keys(of: table, behind: behind, limit: Self.keysAtOnce)
      }
      guard let newest = keys.last else { return }
      let known: Int = try await source.read { try $0.count(of: keys, in: table) }
      guard known == keys.count else {
        throw StoreError.unusable(
          "the target has accounts, keys or traces of its own (\(table.name)), which would be lost; name another "
            + "database, or delete them with --replace")
      }
      last = newest
    }
  }
}

extension Connection {
  /// The next of a table's keys, which is one column.
  fileprivate func keys(of table: CopiedTable, behind last: SQLValue?, limit: Int) throws -> [SQLValue] {
    let column: SQL = "\(identifier: table.key[0])"
    let condition: SQL = last.map { "\(column) > \($0)" } ?? "1 = 1"
    return try query(
      """
      SELECT \(column)
      FROM \(identifier: table.name)
      WHERE \(condition)
      ORDER BY \(column)
      LIMIT \(limit)
      """
    ) { row in table.isByID ? try row.uuid(0).sqlValue : .text(row.text(0)) }
  }

  fileprivate func count(of keys: [SQLValue], in table: CopiedTable) throws -> Int {
    let column: SQL = "\(identifier: table.key[0])"
    let query: SQL = "SELECT count(*) FROM \(identifier: table.name) WHERE \(column) IN (\(list: keys))"
    return try first(query) { Int($0.integer(0)) } ?? 0
  }
}
