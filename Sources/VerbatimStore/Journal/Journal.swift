import Databases
import Synchronization
import VerbatimModel

/// Where exchanges wait on this machine's disk while the history's server cannot be reached.
///
/// What `append` has answered is fsynced and survives SIGKILL and a crash of the machine; it is there until
/// `JournalCourier` has seen it committed in the history. One process has a journal at a time.
final class Journal: Sendable {
  private let database: Database
  private let appender: Appender
  private let contents: JournalGauge

  /// Throws `WriteLock.Holder` when another process has it, `DatabaseError` when the file cannot be used.
  static func open(_ configuration: JournalConfiguration, log: Log) async throws -> Journal {
    var file = Database.Configuration(path: configuration.path)
    file.purpose = "server"
    file.maximumReaders = 1
    let database = try await Database.open(file)
    do {
      let contents: JournalContents = try await database.writer.run { connection in
        try connection.prepareJournal()
        return try connection.journalContents()
      }
      return Journal(database, JournalGauge(contents, maximumBytes: configuration.maximumBytes), log: log)
    } catch {
      await database.close()
      throw error
    }
  }

  private init(_ database: Database, _ contents: JournalGauge, log: Log) {
    self.database = database
    self.contents = contents
    appender = Appender(
      connections: [database.writer], dialect: .sqlite, limits: AppendLimits(), log: log,
      commit: { connection, batch, _ in
        let (receipts, added) = try connection.enter(batch, room: contents.room)
        contents.add(added)
        return receipts
      })
  }

  var statistics: JournalContents { contents.now }

  var hasRoom: Bool { contents.room > 0 }

  /// As `Appender.append`; receipts say that they are journaled.
  func append(_ group: [PendingExchange]) async -> [Appender.Outcome] { await appender.append(group) }

  /// The first entries that wait.
  func waiting() async throws -> [JournalEntry] {
    try await database.writer.runToEnd { connection in try connection.waitingEntries(AppendLimits()) }
  }

  func remove(_ entries: [JournalEntry]) async throws {
    try await database.writer.runToEnd { connection in
      try connection.removeEntries(entries.map(\.number))
      try connection.checkpointIfNeeded()
    }
    contents.remove(entries)
  }

  /// Keeps an entry that cannot be delivered, apart from the others. It is tried again at the next start.
  func setAside(_ entry: JournalEntry, reason: String) async throws {
    try await database.writer.runToEnd { connection in try connection.setAsideEntry(entry.number, reason: reason) }
    contents.setAside(entry)
  }

  func close() async {
    await appender.close()
    await database.close()
  }
}

/// Where a journal is, and how much it may hold.
package struct JournalConfiguration: Sendable, Equatable {
  /// An SQLite file; its folder must exist.
  package var path: String
  /// Of entries, those that were set aside included.
  package var maximumBytes: Int

  package init(path: String, maximumBytes: Int) {
    self.path = path
    self.maximumBytes = maximumBytes
  }
}

/// One exchange that waits.
struct JournalEntry: Sendable {
  let number: Int64
  let bytes: Bytes
}

/// How much a journal holds.
package struct JournalContents: Sendable, Equatable {
  /// Entries that wait to be delivered.
  package var waiting = 0
  /// Entries that could not be delivered and are kept.
  package var setAside = 0
  /// Of all entries.
  package var bytes = 0
}

/// Counts what a journal holds, so that nobody has to ask the file.
final class JournalGauge: Sendable {
  private let contents: Mutex<JournalContents>
  private let maximumBytes: Int

  init(_ contents: JournalContents, maximumBytes: Int) {
    self.contents = Mutex(contents)
    self.maximumBytes = maximumBytes
  }

  var now: JournalContents { contents.withLock { $0 } }

  /// Bytes that it takes yet.
  var room: Int { max(0, maximumBytes - now.bytes) }

  func add(_ added: JournalContents) {
    contents.withLock { contents in
      contents.waiting += added.waiting
      contents.bytes += added.bytes
    }
  }

  func remove(_ entries: [JournalEntry]) {
    contents.withLock { contents in
      contents.waiting -= entries.count
      for entry in entries { contents.bytes -= entry.bytes.count }
    }
  }

  func setAside(_ entry: JournalEntry) {
    contents.withLock { contents in
      contents.waiting -= 1
      contents.setAside += 1
    }
  }
}
