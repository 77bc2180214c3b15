import Databases
import Foundation
import Synchronization
import VerbatimModel

/// The durable history of conversations.
///
/// - Durable before acknowledged: `append` returns only after the commit that holds the exchange is on disk. A crash at
///   any instant leaves whole exchanges: rows, keys and counters move in one transaction.
/// - Once: a key that was claimed is answered with the first exchange's receipt, however many repeat it at once.
/// - Ids are given before queueing, so ids order by creation and not by commit.
package final class Store: Sendable {
  package struct Configuration: Sendable {
    /// Where the history is.
    package var engine: Engine
    package var connections = ConnectionLimits()
    package var slowQueryThreshold: Duration = .milliseconds(500)
    /// IANA name; stored at first start, a different value later is refused.
    package var partitionTimeZone = "UTC"
    /// Whether the rows of each day go to tables of that day; what is stored already stays where it is.
    package var isDaily = false
    package var retention = Retention()
    /// `CURRENCY`, for exchanges that name none.
    package var currency = "USD"
    /// What becomes of sensitive values in what is recorded.
    package var redaction = RedactionPolicy()
    /// What is stored is sealed with the first of them.
    package var contentKeys = ContentKeys.none
    /// Nothing is created, upgraded or written; the file must hold a schema of this version. For `verify`, `backup` and
    /// the check before `restore`, also while a server has the file open.
    package var isReadOnly = false
    /// A copy of the history that its server keeps, which takes the reads.
    package var replica: Engine?
    /// How far a replica may lag behind before it is read no more.
    package var replicaMaximumLag: Duration = .seconds(10)
    /// Opened to copy another history into it, which may have been begun already.
    var isCopyTarget = false
    /// Why it is opened for writing, for others who want to: `server`, for example.
    package var purpose = "another program"
    /// Opened to move another program's tables, which otherwise must be moved before.
    var isMovingLegacyTables = false
    /// Where exchanges wait while a server cannot be reached; nil, and with a file: nowhere.
    package var journal: JournalConfiguration?
    package var log: Log = .silent
    /// How long after a failed write the store counts as unavailable before it tries again by itself.
    package var writeCheckDelay: Duration = .seconds(5)
    /// How long a database server may take to commit before its callers go to the journal.
    package var answerPatience: Duration = .seconds(10)
    /// How long the database server may take to answer who asks whether it takes records.
    package var readinessPatience: Duration = .seconds(2)
    /// The current time in Unix milliseconds.
    package var clock: @Sendable () -> Int64 = UnixClock.milliseconds

    package init(_ engine: Engine) { self.engine = engine }

    package init(path: String) { self.init(.sqlite(SQLiteFile(path: path))) }

    /// The file, for what is done with files alone; throws where the history is on a server.
    func file() throws(StoreError) -> SQLiteFile {
      if let file = engine.file { return file }
      throw .unusable(
        "\(engine) is on a server: use its own tools for backups and restores (pg_dump, mariadb-backup, mysqldump)")
    }
  }

  /// What an append answers, once it is durable.
  package struct Receipt: Sendable, Equatable {
    package var conversationID: String
    package var exchangeID: UUIDv7
    package var isDuplicate: Bool
    /// Durable on this machine only, until the history can be reached again.
    package var isJournaled = false
  }

  let configuration: Configuration
  let database: Database
  let dialect: Dialect
  let calendar: PartitionCalendar
  let dayTables: DayTables
  /// Names this process in the lease of work that one replica does.
  let leaseHolder: String
  let log: Log
  let ids: UUIDv7.Generator
  private let appender: Appender
  private let recorder: Recorder
  /// What opens and seals what is stored.
  var contentKeys: ContentKeys { configuration.contentKeys }
  /// nil where nothing is redacted.
  let redaction: StoreRedaction?
  /// Of the hashes by which threads are found; nil where nothing is written.
  let threadKey: [UInt8]?
  let replica: Replica?
  private let replicaCare: Task<Void, Never>?
  /// Whether the database server did not answer in time when it was last asked whether it takes records.
  private let isSilent = Mutex(false)

  private init(
    configuration: Configuration, database: Database, dialect: Dialect, calendar: PartitionCalendar,
    replica: Replica?, redaction: StoreRedaction?, threadKey: [UInt8]?, journal: Journal?
  ) {
    self.configuration = configuration
    self.database = database
    self.dialect = dialect
    self.calendar = calendar
    log = configuration.log
    self.redaction = redaction
    self.threadKey = threadKey
    self.replica = replica
    replicaCare = replica.map { replica in Task { await replica.run() } }
    ids = UUIDv7.Generator(clock: configuration.clock)
    let tables = DayTables(isDaily: configuration.isDaily, calendar: calendar, clock: configuration.clock)
    dayTables = tables
    leaseHolder = ids.next(count: 1, at: nil).description
    var limits = AppendLimits()
    limits.answerPatience = journal == nil ? nil : configuration.answerPatience
    let appender = Appender(
      connections: database.writers, dialect: dialect, limits: limits, log: configuration.log,
      onHanging: { isHanging in database.complain(isHanging) },
      commit: { connection, batch, mayBeStored in
        let before: UInt64 = mayBeStored ? 0 : replica?.writeCount ?? 0
        let receipts: [Receipt] = try connection.commit(batch, to: tables, mayBeStored: mayBeStored)
        replica?.note(receipts, of: batch, before: before)
        return receipts
      })
    self.appender = appender
    let courier: JournalCourier? = journal.map { journal in
      JournalCourier(
        journal: journal, connection: database.writer, tables: tables, keys: configuration.contentKeys,
        replica: replica, log: configuration.log,
        onDelivered: { appender.clearFailure() })
    }
    recorder = Recorder(appender: appender, journal: journal, courier: courier)
  }

  /// Opens, creates or upgrades the database. Throws `StoreError.unusable` with one line that says what to do, and
  /// `DatabaseHolder` when somebody else writes to the file.
  package static func open(_ configuration: Configuration) async throws -> Store {
    // Whoever only reads takes the days as they are, whatever zone is set.
    let configured: PartitionCalendar? =
      configuration.isReadOnly ? nil : try calendar(named: configuration.partitionTimeZone)
    do {
      let database = try await Database.open(databaseConfiguration(configuration))
      do {
        let calendar: PartitionCalendar
        if let configured {
          calendar = try await prepare(database, configuration, calendar: configured)
        } else {
          calendar = try await storedCalendar(of: database)
        }
        let store = Store(
          configuration: configuration, database: database, dialect: try await database.dialect(), calendar: calendar,
          replica: try await replica(of: database, configuration, calendar: calendar),
          redaction: try await redaction(of: database, configuration),
          threadKey: try await threadKey(of: database, configuration),
          // Last, for nobody closes it when what follows fails.
          journal: try await journal(configuration))
        return try await store.begun()
      } catch {
        await database.close()
        throw error
      }
    } catch let error as DatabaseError {
      throw StoreError(opening: configuration.engine, error)
    }
  }

  /// Ready for records of today; closed where that fails.
  private func begun() async throws -> Store {
    do {
      if !configuration.isReadOnly { try await makeComingTables() }
      return self
    } catch {
      await close()
      throw error
    }
  }

  private static func replica(
    of database: Database, _ configuration: Configuration, calendar: PartitionCalendar
  ) async throws -> Replica? {
    guard let engine = configuration.replica, !configuration.isReadOnly else { return nil }
    var reading: Configuration = configuration
    reading.engine = engine
    reading.isReadOnly = true
    var settings: Database.Configuration = databaseConfiguration(reading)
    settings.writerCount = 1
    guard let identity = try await database.read({ try $0.setting(.firstStartedAt) }) else { return nil }
    return Replica(
      Replica.Configuration(
        database: settings, maximumLag: configuration.replicaMaximumLag, identity: identity, calendar: calendar),
      of: database, log: configuration.log)
  }

  private static func redaction(
    of database: Database, _ configuration: Configuration
  ) async throws -> StoreRedaction? {
    let policy: RedactionPolicy = configuration.redaction
    guard !configuration.isReadOnly else { return nil }
    if let key = policy.key { return StoreRedaction(policy, key: key) }
    guard policy.hashes else { return StoreRedaction(policy, key: []) }
    return StoreRedaction(policy, key: try await key(.redactionKey, of: database))
  }

  private static func threadKey(of database: Database, _ configuration: Configuration) async throws -> [UInt8]? {
    configuration.isReadOnly ? nil : try await key(.threadKey, of: database)
  }

  /// The key that the history keeps, made at first need.
  private static func key(_ setting: StoredSetting, of database: Database) async throws -> [UInt8] {
    let made: String = try KeyedHash.makeKey()
    let key: String? = try await database.writer.run { connection in
      if let key = try connection.setting(setting) { return key }
      try connection.initializeSetting(setting, to: made)
      return try connection.setting(setting)
    }
    return Array((key ?? made).utf8)
  }

  private static func journal(_ configuration: Configuration) async throws -> Journal? {
    guard let journal = configuration.journal, !configuration.isReadOnly else { return nil }
    do {
      return try await Journal.open(journal, log: configuration.log)
    } catch let error as DatabaseError {
      throw StoreError.unusable("cannot open the journal \(journal.path): \(error.message)")
    } catch let holder as DatabaseHolder {
      throw StoreError.unusable("the journal \(journal.path) is \(holder); give each server a JOURNAL_PATH of its own")
    }
  }

  private static func calendar(named timeZone: String) throws(StoreError) -> PartitionCalendar {
    guard let calendar = PartitionCalendar(timeZoneName: timeZone) else {
      throw .unusable("PARTITION_TIMEZONE is \(timeZone), which is no time zone; use a name such as Asia/Shanghai")
    }
    return calendar
  }

  static func databaseConfiguration(_ configuration: Configuration) -> Database.Configuration {
    var database = Database.Configuration(configuration.engine)
    configuration.connections.apply(to: &database)
    database.isWritable = !configuration.isReadOnly
    database.isMadeWhenMissing = !configuration.isReadOnly
    database.purpose = configuration.purpose
    database.answerPatience = configuration.answerPatience
    database.slowQueryThreshold = configuration.slowQueryThreshold
    let log: Log = configuration.log
    database.onSlowQuery = { sql, duration in
      log.warning(
        "MES slow query",
        ["milliseconds": "\(duration.wholeMilliseconds)", "sql": DatabaseError.excerpt(of: sql)])
    }
    return database
  }

  /// Brings the schema up to date and fixes the time zone of days at first start.
  private static func prepare(
    _ database: Database, _ configuration: Configuration, calendar: PartitionCalendar
  ) async throws -> PartitionCalendar {
    let now: Int64 = configuration.clock()
    let timeZone: String = calendar.timeZoneName
    let version: Int64 = try await database.writer.run { connection in
      if !configuration.isMovingLegacyTables { try connection.refuseLegacyTables() }
      let version: Int64 = try connection.migrate(.history, now: now)
      if let numbering = try connection.dialect().schema.batchNumbering { try connection.execute(numbering) }
      if !configuration.isCopyTarget { try connection.checkCopyIsWhole() }
      try connection.initializeSetting(.partitionTimeZone, to: timeZone)
      try connection.initializeSetting(.firstStartedAt, to: "\(now)")
      let stored: String? = try connection.setting(.partitionTimeZone)
      guard let stored, stored != timeZone else { return version }
      throw StoreError.unusable(
        "the history was begun with the time zone \(stored) and cannot go on with \(timeZone), since its days would "
          + "overlap; set PARTITION_TIMEZONE=\(stored)")
    }
    try await warnOfRisks(database, configuration.log)
    configuration.log.info(
      "MES history database open", ["database": "\(configuration.engine)", "schema_version": "\(version)"])
    return calendar
  }

  /// Whether a commit is durable is a server's own setting.
  private static func warnOfRisks(_ database: Database, _ log: Log) async throws {
    let risks: [String] = try await database.writer.run { connection in
      try connection.dialect().schema.risks(on: connection)
    }
    guard !risks.isEmpty else { return }
    log.warning(
      "MES the database server may lose what it has committed when it crashes",
      ["settings": risks.joined(separator: ", ")])
  }

  private static func storedCalendar(of database: Database) async throws -> PartitionCalendar {
    let stored: String? = try await database.read { connection in
      try connection.checkSchema()
      return try connection.setting(.partitionTimeZone)
    }
    return try calendar(named: stored ?? "UTC")
  }

  /// Tells those who want to write to the database, too, that a server does it for them.
  package func announce(url: String, token: String? = nil) throws { try database.announce(url: url, token: token) }

  /// Records one exchange; returns when it is durable. Throws `StoreError`.
  package func append(_ exchange: NewExchange, account: String) async throws -> Receipt {
    if let receipt = try await receipts(ofExported: [exchange], account: account).first?.value { return receipt }
    return try await append(pending(exchange, account: account))
  }

  func append(_ pending: PendingExchange) async throws(StoreError) -> Receipt {
    try await recorder.append(pending).get()
  }

  /// Records many; results in order, each its own success or failure.
  package func append(_ exchanges: [NewExchange], account: String) async -> [Result<Receipt, StoreError>] {
    let known: [Int: Receipt]
    do {
      known = try await receipts(ofExported: exchanges, account: account)
    } catch {
      return exchanges.map { _ in .failure(StoreError(error)) }
    }
    guard !known.isEmpty else { return await recorder.append(exchanges.map { pending($0, account: account) }) }
    let new: [NewExchange] = exchanges.enumerated().filter { known[$0.offset] == nil }.map(\.element)
    var results: [Result<Receipt, StoreError>] = await recorder.append(new.map { pending($0, account: account) })
    for (index, receipt) in known.sorted(by: { $0.key < $1.key }) { results.insert(.success(receipt), at: index) }
    return results
  }

  func pending(_ exchange: NewExchange, account: String) -> PendingExchange {
    PendingExchange(
      placed(exchange), accountID: account, ids: ids, calendar: calendar,
      currency: configuration.currency, now: configuration.clock(), keys: contentKeys)
  }

  /// An id for a conversation that begins.
  func newConversationID() -> String { ids.next().description }

  /// Whether the history is known to be away; then asking it is in vain.
  package var isAway: Bool { recorder.isAway }

  /// Whether records are taken now.
  package func readiness() async -> Readiness {
    guard let reason = await unavailability() else { return .ready }
    return recorder.hasStandIn ? .degraded(reason) : .unavailable(reason)
  }

  /// How the replica that is read fares; nil where there is none.
  package var replicaStatistics: ReplicaStatistics? { replica?.statistics }

  /// What waits on this machine to be delivered; nil where there is no journal.
  package var journalContents: JournalContents? { recorder.journalStatistics }

  /// Whether the database takes records now: nil when it does, else why not. Some time after a failed write it tries a
  /// small one, so that it notices by itself when there is room again; at once it would not, since a small write may
  /// find room where records do not.
  ///
  /// A server that hangs is not waited for longer than `Configuration.readinessPatience`.
  package func unavailability() async -> String? {
    let failure: WriteFailure? = appender.lastFailure
    if let failure, failure.time.duration(to: .now) <= configuration.writeCheckDelay { return failure.reason }
    do {
      if dialect.isServer {
        try await Patience(configuration.readinessPatience).result { try await self.check(after: failure) }
      } else {
        try await check(after: failure)
      }
      noteSilence(false)
      return nil
    } catch let error as DatabaseError where error.isNoAnswer {
      noteSilence(true)
      return failure?.reason ?? error.message
    } catch {
      noteSilence(false)
      return (error as? DatabaseError)?.message ?? "\(error)"
    }
  }

  private func check(after failure: WriteFailure?) async throws {
    guard failure != nil else { return try await database.read { connection in _ = try connection.schemaVersion() } }
    let now: Int64 = configuration.clock()
    try await database.writer.run { connection in try connection.setSetting(.lastWriteCheck, to: "\(now)") }
    appender.clearFailure()
  }

  private func noteSilence(_ isNew: Bool) {
    isSilent.withLock { isSilent in
      if isSilent != isNew { database.complain(isNew) }
      isSilent = isNew
    }
  }

  /// Commits what is queued, then closes. A server that hangs is not waited for longer than
  /// `Configuration.answerPatience`: nobody whose exchange it has not committed by then was told that it is stored.
  package func close() async {
    // Whoever is cancelled closes all the same.
    await Task { await self.closeAll() }.value
  }

  private func closeAll() async {
    let deadline: ContinuousClock.Instant = .now + configuration.answerPatience
    replicaCare?.cancel()
    await wait(until: deadline) { [replica, replicaCare] in
      await replicaCare?.value
      await replica?.close()
    }
    await recorder.close { await self.wait(until: deadline, for: $0) }
    await wait(until: deadline) { [database] in await database.close() }
  }

  /// Leaves work behind that a server holds up, when the time is over.
  private func wait(until deadline: ContinuousClock.Instant, for work: @escaping @Sendable () async -> Void) async {
    guard dialect.isServer else { return await work() }
    do {
      try await Patience(max(.zero, ContinuousClock.now.duration(to: deadline))).result { await work() }
    } catch {
      log.warning("MES the database server is not waited for any longer", ["error": "\(error)"])
    }
  }
}

/// Whether a store takes records.
package enum Readiness: Sendable, Equatable {
  case ready
  /// The history cannot be reached: records go to the journal, and there is nothing to read. Says why.
  case degraded(String)
  case unavailable(String)
}

/// Who writes to a database that could not be opened for writing.
package typealias DatabaseHolder = WriteLock.Holder

extension Connection {
  func checkSchema() throws {
    let version: Int64 = try schemaVersion()
    let newest: Int64 = MigrationChain.history.newest
    guard version > 0 else { throw StoreError.unusable("the database holds no Verbatim history") }
    guard version <= newest else { throw StoreError.newerSchema(found: version, known: newest) }
    guard version == newest else {
      throw StoreError.unusable(
        "the database has schema version \(version), this program needs \(newest); start the server once to upgrade it")
    }
  }
}
