import Databases
import VerbatimModel

/// Copies what another program recorded, in a database that it may go on writing to, into a store of its own place; the
/// program's database is only read.
///
/// New rows are found by their ids. Ids are given before their transactions commit, so a row counts as settled once a
/// higher id was seen `settling` ago, and numbers that were skipped are asked for again and again. How far it came is
/// kept in the store, in the transactions that hold the rows, so it goes on where it was whatever ends it.
package struct LegacyFollower: Sendable {
  package struct Options: Sendable {
    /// Which tables are meant; nil for all that are known.
    package var contents: Set<LegacyTable.Content>?
    package var account: String?
    /// Of dates that say no time zone; nil: the time zone of days.
    package var timeZone: String?
    /// Tells sources apart that have tables of the same names; nil: the source's address.
    package var name: String?
    package var interval: Duration = .seconds(1)
    /// How long transactions of the other program take at most, from a row's id to its commit.
    package var settling: Duration = .seconds(5)
    /// How long the answer to a question may take.
    package var patience: Duration = .seconds(600)

    package init() {}
  }

  private let source: Engine
  private let store: Store
  private let options: Options
  private let onProgress: @Sendable (LegacyTable, LegacyProgress) -> Void
  private let pause: @Sendable (Duration) async throws -> Void

  package init(
    from source: Engine, to store: Store, options: Options = Options(),
    pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
    onProgress: @escaping @Sendable (LegacyTable, LegacyProgress) -> Void = { _, _ in }
  ) {
    self.source = source
    self.store = store
    self.options = options
    self.pause = pause
    self.onProgress = onProgress
  }

  /// Copies all that is there now; what has no answer is taken for unanswered.
  package func copyOnce() async throws {
    try await withSource { database in
      let tables: [LegacyTable] = try await tables(of: database)
      guard !tables.isEmpty else { throw StoreError.unusable("\(source) holds no tables that are known") }
      let mover: LegacyMover = try mover(LegacyReader(database: database, tables: tables))
      for table in tables where table.isMoved {
        guard table.isNumbered, table.content != .conversations, table.content != .settings else {
          _ = try await mover.moveAgain(table)
          continue
        }
        let last: Int64 = try await database.read { try $0.lastID(of: table) }
        _ = try await mover.follow(table, upTo: last, settled: last)
      }
    }
  }

  /// Copies New API's history and keeps up until its task is cancelled.
  package func follow() async throws {
    try await withSource { database in
      var horizons: [String: Horizon] = [:]
      while !Task.isCancelled {
        do {
          try await copyNew(from: database, &horizons)
        } catch let error as DatabaseError where error.kind == .unavailable {
          store.log.warning("MES the followed database is away", ["error": error.message])
        }
        try await pause(options.interval)
      }
    }
  }

  /// Ids that were the last of a table, and when.
  private struct Horizon {
    private var seen: [(time: ContinuousClock.Instant, id: Int64)] = []
    /// Whether nothing has come for so long that nothing of the table is waited for: a day that is over.
    var isAtRest = false

    mutating func note(_ id: Int64, at time: ContinuousClock.Instant) {
      guard seen.last?.id != id else { return }
      seen.append((time, id))
      isAtRest = false
    }

    /// The highest id that was there `age` ago; older ones are forgotten.
    mutating func last(before time: ContinuousClock.Instant, forgetting isForgetting: Bool) -> Int64? {
      guard let index = seen.lastIndex(where: { $0.time <= time }) else { return nil }
      if isForgetting { seen.removeFirst(index) }
      return seen[isForgetting ? 0 : index].id
    }
  }

  private func copyNew(from database: Database, _ horizons: inout [String: Horizon]) async throws {
    let tables: [LegacyTable] = try await tables(of: database).filter {
      $0.isNumbered && ($0.content == .history || $0.content == .failures)
    }
    let mover: LegacyMover = try mover(LegacyReader(database: database, tables: tables))
    for table in tables {
      let last: Int64 = try await database.read { try $0.lastID(of: table) }
      let now: ContinuousClock.Instant = .now
      var horizon: Horizon = horizons[table.name] ?? Horizon()
      horizon.note(last, at: now)
      if horizon.isAtRest { continue }
      let answered: Int64? = horizon.last(before: now - options.patience, forgetting: true)
      let settled: Int64? = horizon.last(before: now - options.settling, forgetting: false)
      horizons[table.name] = horizon
      guard let settled else { continue }
      _ = try await mover.follow(table, upTo: settled, settled: answered ?? 0)
      horizons[table.name]?.isAtRest = answered == last
    }
  }

  private func tables(of database: Database) async throws -> [LegacyTable] {
    let tables: [LegacyTable] = try await database.read { try $0.legacyTables() }
    guard let contents = options.contents else { return tables }
    return tables.filter { contents.contains($0.content) }
  }

  private func mover(_ reader: LegacyReader) throws -> LegacyMover {
    let zone: String = options.timeZone ?? store.calendar.timeZoneName
    guard let time = LegacyTime(zoneName: zone) else { throw StoreError.unusable("\(zone) is no time zone") }
    let digest = String(LegacyID.hash(Bytes(utf8: options.name ?? "\(source)")) >> 32, radix: 16)
    return LegacyMover(
      reader: reader, store: store, mapping: LegacyMapping(account: options.account, time: time, source: digest),
      source: digest, onProgress: onProgress)
  }

  private func withSource(_ body: (Database) async throws -> Void) async throws {
    var configuration = Database.Configuration(source)
    configuration.isWritable = false
    configuration.maximumReaders = 2
    do {
      let database = try await Database.open(configuration)
      do {
        try await body(database)
        await database.close()
      } catch {
        await database.close()
        throw error
      }
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw StoreError.unusable(source.line(about: error))
    }
  }
}

extension Connection {
  fileprivate func lastID(of table: LegacyTable) throws -> Int64 {
    try first("SELECT max(id) FROM \(identifier: table.name)") { $0.integer(0) } ?? 0
  }
}
