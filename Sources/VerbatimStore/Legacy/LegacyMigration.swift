import Databases
import VerbatimModel

/// Takes over what other programs recorded in the same database: New API's history, and the tables of seeds 002 to 004.
///
/// The old tables are put aside first, under `legacy_…`, all at once, since some have names that Verbatim's tables have,
/// too. Then their rows are moved, a page a transaction that also says how far it came, compared, and only then is
/// anything called done. Whatever kills it, the next call goes on where the last commit was; until it is done no server
/// starts on the database. The old tables stay until `dropLegacyTables`.
package struct LegacyMigration: Sendable {
  package struct Options: Sendable {
    /// Who owns everything that is moved; nil: New API's users become accounts, the rest is the standard account's.
    package var account: String?
    /// Of dates that say no time zone; nil: the time zone of days.
    package var timeZone: String?

    package init(account: String? = nil, timeZone: String? = nil) {
      self.account = account
      self.timeZone = timeZone
    }
  }

  /// A table that was found, and how far it has come.
  package struct Finding: Sendable, Equatable {
    package let table: LegacyTable
    package let rows: Int64
    /// nil where nothing of it was moved.
    package let progress: LegacyProgress?
  }

  package enum Event: Sendable {
    case renamed(tables: Int)
    case moving(LegacyTable, LegacyProgress)
    case comparing(LegacyTable, rows: Int64)
    case done(LegacyTable, LegacyProgress)
    /// Something that stays behind.
    case notice(String)
  }

  private let configuration: Store.Configuration
  private let options: Options
  private let onEvent: @Sendable (Event) -> Void

  package init(
    _ configuration: Store.Configuration, options: Options = Options(),
    onEvent: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.options = options
    self.onEvent = onEvent
  }

  /// What there is to move, or was moved and is still there; only reads. Empty for a database that is not there yet.
  package func findings() async throws -> [Finding] {
    guard try exists() else { return [] }
    var database = Store.databaseConfiguration(configuration)
    database.isWritable = false
    database.isMadeWhenMissing = false
    return try await withDatabase(database) { database in
      try await database.read { connection in
        let hasProgress: Bool = try connection.schemaVersion() > 0
        return try connection.legacyTables().map { table in
          let progress: LegacyProgress? =
            hasProgress && table.isRenamed ? try connection.legacyProgress(of: table.originalName) : nil
          return Finding(table: table, rows: try connection.rowCount(of: table), progress: progress)
        }
      }
    }
  }

  /// Moves and compares everything; does nothing where there is nothing. Answers the rows that were moved, in this and
  /// earlier calls. Throws `StoreError.unusable` where something differs; all tables are kept then.
  @discardableResult
  package func run() async throws -> Int64 {
    if let zone = options.timeZone { _ = try time(zone) }
    guard try await findings().contains(where: { $0.progress?.state != .compared }) else { return 0 }
    try await putAside()
    var configuration: Store.Configuration = configuration
    configuration.isMovingLegacyTables = true
    let store: Store = try await Store.open(configuration)
    do {
      let rows: Int64 = try await move(into: store)
      await store.close()
      return rows
    } catch {
      await store.close()
      throw error
    }
  }

  /// Removes the old tables, once all of them were moved and compared. Answers their names.
  package func dropLegacyTables() async throws -> [String] {
    let findings: [Finding] = try await findings()
    if let unmoved = findings.first(where: { $0.table.isMoved && $0.progress?.state != .compared }) {
      throw StoreError.unusable(
        "\(unmoved.table.name) has not been moved and compared yet; run `verbatim migrate` before it is dropped")
    }
    // Files, settings, messages, then what they refer to.
    let tables: [LegacyTable] = findings.map(\.table).filter(\.isRenamed).reversed()
      .sorted { !$0.isReferredTo && $1.isReferredTo }
    guard !tables.isEmpty else { return [] }
    return try await withDatabase(Store.databaseConfiguration(configuration)) { database in
      try await database.writer.run { connection in
        for table in tables { try connection.execute("DROP TABLE \(identifier: table.name)") }
        try connection.forgetLegacyProgress(of: tables.map(\.originalName))
        return tables.map(\.name)
      }
    }
  }

  // MARK: Steps

  /// A server says so when it is asked.
  private func exists() throws(StoreError) -> Bool {
    guard let file = configuration.engine.file else { return true }
    do throws(DatabaseError) {
      return try DatabaseFiles(of: file.path).exists
    } catch {
      throw .unusable(configuration.engine.line(about: error))
    }
  }

  private func putAside() async throws {
    let count: Int = try await withDatabase(Store.databaseConfiguration(configuration)) { database in
      try await database.writer.run { try $0.putLegacyTablesAside() }
    }
    if count > 0 { onEvent(.renamed(tables: count)) }
  }

  private func move(into store: Store) async throws -> Int64 {
    try await lockOut(in: store)
    let tables: [LegacyTable] = try await store.database.read { try $0.legacyTables() }
    let reader = LegacyReader(database: store.database, tables: tables)
    let time: LegacyTime = try time(options.timeZone ?? store.calendar.timeZoneName)
    let mover = LegacyMover(
      reader: reader, store: store, mapping: LegacyMapping(account: options.account, time: time, source: ""),
      source: "",
      onProgress: { [onEvent] table, progress in onEvent(.moving(table, progress)) })
    let comparison = LegacyComparison(
      reader: reader, mover: mover, onProgress: { [onEvent] table, rows in onEvent(.comparing(table, rows: rows)) })
    var rows: Int64 = 0
    var files: Int64 = 0
    // All is moved before anything is compared, for conversations change what messages made of them.
    for table in tables where table.isMoved { _ = try await mover.move(table) }
    for table in tables where table.isMoved {
      let progress: LegacyProgress = try await compare(table, mover, comparison)
      rows += progress.rows
      files += progress.files
      onEvent(.done(table, progress))
    }
    try await noteFiles(tables, reader, moved: files)
    return rows
  }

  private func time(_ zone: String) throws(StoreError) -> LegacyTime {
    guard let time = LegacyTime(zoneName: zone) else {
      throw .unusable("\(zone) is no time zone; use a name such as Asia/Shanghai")
    }
    return time
  }

  private func compare(
    _ table: LegacyTable, _ mover: LegacyMover, _ comparison: LegacyComparison
  ) async throws -> LegacyProgress {
    var progress: LegacyProgress = try await mover.move(table)
    guard progress.state != .compared else { return progress }
    let findings: [String] = try await comparison.findings(in: table, progress)
    guard findings.isEmpty else {
      throw StoreError.unusable("what was moved differs; all tables are kept: " + findings.joined(separator: "; "))
    }
    progress.state = .compared
    let compared: LegacyProgress = progress
    try await mover.store.database.writer.run { connection in
      try connection.transaction { try connection.save(compared, of: table.originalName) }
    }
    return progress
  }

  private func lockOut(in store: Store) async throws {
    guard let lock = store.dialect.schema.sessionLock() else { return }
    let isAlone: Bool = try await store.database.writer.run { connection in
      try connection.first(lock) { $0.integer(0) } == 1
    }
    guard isAlone else { throw StoreError.unusable("another verbatim is moving tables in this database") }
  }

  private func noteFiles(_ tables: [LegacyTable], _ reader: LegacyReader, moved: Int64) async throws {
    var count: Int64 = 0
    for table in tables where !table.isMoved { count += try await reader.rowCount(of: table) }
    guard count > moved else { return }
    onEvent(.notice("\(count - moved) files belong to no message; they stay in their old table"))
  }

  private func withDatabase<Result: Sendable>(
    _ configuration: Database.Configuration, _ body: (Database) async throws -> Result
  ) async throws -> Result {
    do {
      let database = try await Database.open(configuration)
      do {
        let result: Result = try await body(database)
        await database.close()
        return result
      } catch {
        await database.close()
        throw error
      }
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw StoreError.unusable(self.configuration.engine.line(about: error))
    }
  }
}

extension LegacyTable {
  /// Whether other tables have foreign keys to it; messages before conversations.
  fileprivate var isReferredTo: Bool { content == .conversations }
}

extension Connection {
  /// Renames what is not renamed yet, all at once. Answers how many tables there were.
  fileprivate func putLegacyTablesAside() throws -> Int {
    let dialect: Dialect = try dialect()
    return try dialect.schema.exclusively(on: self) {
      let tables: [LegacyTable] = try legacyTables().filter { !$0.isRenamed }
      guard !tables.isEmpty else { return 0 }
      let taken = Set(try query(dialect.schema.tableNames()) { $0.text(0) })
      if let table = tables.first(where: { taken.contains($0.renamed.name) }) {
        throw StoreError.unusable(
          "\(table.name) cannot be put aside, since there is a \(table.renamed.name) already; rename or drop that one "
            + "(what an earlier migration left is dropped by `verbatim migrate --drop-legacy`)")
      }
      // What an earlier table of the name came to must not be taken for this one's.
      if taken.contains("verbatim_settings") { try forgetLegacyProgress(of: tables.map(\.originalName)) }
      for statement in dialect.schema.renaming(tables.map { ($0.name, $0.renamed.name) }) {
        try executeScript(statement)
      }
      return tables.count
    }
  }

  /// Throws where another program's tables wait to be moved.
  func refuseLegacyTables() throws {
    let tables: [LegacyTable] = try unmovedLegacyTables(isOurs: schemaVersion() > 0)
    guard let first = tables.first else { return }
    let others = tables.count > 1 ? " and \(tables.count - 1) more" : ""
    throw StoreError.unusable(
      "the database holds tables of another program, or a migration that was not finished (\(first.name)\(others)); "
        + "run `verbatim migrate` to take them over, or name another database")
  }
}
