import Databases
import VerbatimModel

/// The main database: who is who, and what opens the door. Its tables have migrations of their own, so that they may
/// stand beside the history's or in a database of their own, on any engine.
///
/// Whatever changes who may do what moves the access revision in the same transaction; replicas look at it to learn that
/// what they remember of keys has changed.
package final class MainStore: Sendable {
  package struct Configuration: Sendable {
    package var engine: Engine
    package var slowQueryThreshold: Duration = .milliseconds(500)
    package var lifetime: Duration? = .seconds(600)
    /// Why it is opened for writing, for others who want to.
    package var purpose = "another program"
    package var log: Log = .silent
    /// 32 bytes that the keys of channels are sealed with; nil: of a file beside the database's.
    package var secretKey: [UInt8]?
    /// The current time in Unix milliseconds.
    package var clock: @Sendable () -> Int64 = UnixClock.milliseconds

    package init(_ engine: Engine) { self.engine = engine }
  }

  let database: Database
  let clock: @Sendable () -> Int64
  let log: Log
  let ids: UUIDv7.Generator
  /// Whether other processes may change what is in here.
  package let isShared: Bool
  let secrets: ChannelSecrets
  private let isOwnDatabase: Bool

  private init(_ configuration: Configuration, database: Database, isOwnDatabase: Bool) {
    self.database = database
    self.isOwnDatabase = isOwnDatabase
    isShared = configuration.engine.file == nil
    secrets = ChannelSecrets(
      given: configuration.secretKey, path: configuration.engine.file.map { $0.path + ".key" })
    clock = configuration.clock
    log = configuration.log
    ids = UUIDv7.Generator(clock: configuration.clock)
  }

  /// Opens, creates or upgrades the database. Where it is the file that holds `history`, that lends its connections,
  /// since a file has one writer; on a server it has a few of its own, so that who is who is known also while all of the
  /// history's are busy. Throws as `Store.open` does.
  package static func open(_ configuration: Configuration, beside history: Store? = nil) async throws -> MainStore {
    do {
      if let history, configuration.engine.file != nil, history.isIn(configuration.engine) {
        let store = MainStore(configuration, database: history.database, isOwnDatabase: false)
        try await store.prepare()
        return store
      }
      let store = MainStore(
        configuration, database: try await Database.open(database(configuration)), isOwnDatabase: true)
      do {
        try await store.prepare()
      } catch {
        await store.close()
        throw error
      }
      return store
    } catch let error as DatabaseError {
      throw StoreError(opening: configuration.engine, error)
    }
  }

  private static func database(_ configuration: Configuration) -> Database.Configuration {
    var database = Database.Configuration(configuration.engine)
    database.writerCount = 1
    database.maximumReaders = 4
    database.maximumIdleReaders = 2
    database.lifetime = configuration.lifetime
    database.isMadeWhenMissing = true
    database.purpose = configuration.purpose
    database.slowQueryThreshold = configuration.slowQueryThreshold
    let log: Log = configuration.log
    database.onSlowQuery = { sql, duration in
      log.warning("Slow query", ["milliseconds": "\(duration.wholeMilliseconds)", "sql": sql])
    }
    return database
  }

  /// Brings the schema up to date; the standard account is there from then on.
  private func prepare() async throws {
    let now: Int64 = clock()
    try await database.writer.run { connection in
      _ = try connection.migrate(.main, now: now)
      try connection.transaction {
        let account = Account(name: Account.standard, role: .user, createdAt: now, updatedAt: now)
        _ = try connection.insert(account)
        try connection.initializeAccessRevision()
        try connection.initializeChannelRevision()
      }
    }
  }

  /// Tells those who want to write to its file, too, that a server does it for them.
  package func announce(url: String, token: String?) throws { try database.announce(url: url, token: token) }

  /// Commits what is under way, then closes what is its own.
  package func close() async {
    if isOwnDatabase { await database.close() }
  }

  // MARK: Access to the database

  func read<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    do {
      return try await database.read(body)
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw noted(error)
    }
  }

  /// One transaction, tried again where it lost against another.
  @discardableResult
  func write<Result: Sendable>(_ body: @Sendable (isolated Connection) throws -> Result) async throws -> Result {
    var attempt = 1
    while true {
      do {
        return try await database.writer.run { connection in try connection.transaction { try body(connection) } }
      } catch let error as DatabaseError where error.kind == .conflict && attempt < Self.attempts {
        attempt += 1
        try await Task.sleep(for: .milliseconds(Int.random(in: 1...(5 * attempt))))
      } catch let error as DatabaseError where error.kind != .cancelled {
        throw noted(error)
      }
    }
  }

  private static let attempts = 10

  private func noted(_ error: DatabaseError) -> StoreError {
    log.error("The main database failed", ["error": error.message, "sql": error.sql ?? ""])
    return StoreError(error)
  }
}

extension Store {
  /// Whether the history is in this database.
  func isIn(_ engine: Engine) -> Bool { configuration.engine.isSameDatabase(as: engine) }
}
