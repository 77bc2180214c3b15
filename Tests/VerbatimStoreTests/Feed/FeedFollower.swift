import Databases
import VerbatimModel

@testable import VerbatimStore

extension Store {
  /// All that the feed gives after a position, and where it ends.
  func everything(
    after position: Int64 = 0, limit: Int = 3
  ) async throws -> (entries: [FeedEntry], position: Int64) {
    var entries: [FeedEntry] = []
    var page: FeedPage
    var position: Int64 = position
    repeat {
      page = try await feed(after: position, limit: limit)
      entries += page.entries
      position = page.position
    } while page.hasMore || !page.entries.isEmpty
    return (entries, position)
  }

  /// What an exchange's row says.
  func batch(of id: UUIDv7) async throws -> Int64? {
    let day: Day = calendar.day(of: id.milliseconds)
    return try await database.read { connection in
      let place: DayPlace = try connection.dayPlace(of: day) ?? .unentered(day)
      for table in place.messageTables + place.errorTables {
        let found = try connection.first("SELECT batch FROM \(identifier: table) WHERE id = \(id)") {
          $0.optionalInteger(0)
        }
        if let found { return found }
      }
      return nil
    }
  }
}

/// A transaction that has drawn a number of the feed and is under way until it is told to end.
struct HeldBatch: Sendable {
  private struct RolledBack: Error {}

  let number: Int64
  private let gate: HeldGate
  private let task: Task<Void, any Error>
  private let database: Database

  init(on engine: Engine, commits: Bool) async throws {
    let database = try await Database.open(Database.Configuration(engine))
    let gate = HeldGate()
    let (numbers, teller) = AsyncStream<Int64>.makeStream()
    self.database = database
    self.gate = gate
    task = Task {
      defer { teller.finish() }
      do {
        try await database.writer.run { connection in
          try connection.transaction {
            teller.yield(try connection.enterBatch([], at: 0))
            gate.wait()
            if !commits { throw RolledBack() }
          }
        }
      } catch is RolledBack {}
    }
    number = await numbers.first { _ in true } ?? 0
  }

  /// Returns when the transaction has ended.
  func end() async throws {
    gate.open()
    try await task.value
    await database.close()
  }
}
