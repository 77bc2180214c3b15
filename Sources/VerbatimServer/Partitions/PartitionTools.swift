import VerbatimModel
import VerbatimStore

/// What `verbatim partitions` does.
package struct PartitionTools: Sendable {
  package typealias Progress = @Sendable (String) -> Void

  private let session: Session
  private let configuration: Store.Configuration

  package init(_ session: Session) { self.init(session, session.storeConfiguration) }

  private init(_ session: Session, _ configuration: Store.Configuration) {
    self.session = session
    self.configuration = configuration
  }

  /// Every day, a line each.
  package func list() async throws -> [String] {
    let partitions = try await withStore(isReadOnly: true) { try await $0.partitions() }
    return [PartitionTable.head] + partitions.map(PartitionTable.line)
  }

  /// Makes the tables of these days and, with `ahead`, of today and as many days after it; gives them all.
  package func create(_ list: String?, ahead: Int) async throws -> [String] {
    let days = try Self.days(list)
    return try await withStore { store in
      let coming = ahead > 0 ? (0...ahead).map { store.today.adding(Int64($0)) } : []
      let all = Set(days + coming).sorted()
      try await store.makePartitions(all)
      return all.map(\.description)
    }
  }

  /// Days to drop: those that were named, and those older than so many days.
  package func droppable(_ list: String?, olderThan age: Int?) async throws -> DroppableDays {
    let days = try Self.days(list)
    return try await withStore(isReadOnly: true) { store in
      let limit = age.map { store.today.adding(-Int64($0)) }
      let partitions = try await store.partitions().filter { partition in
        guard partition.holdsRows || partition.hasTables else { return false }
        return days.contains(partition.day) || limit.map { partition.day < $0 } == true
      }
      return DroppableDays(partitions)
    }
  }

  package func drop(_ droppable: DroppableDays, progress: @escaping Progress) async throws {
    try await withStore { store in
      for day in droppable.days {
        progress("dropping \(day)")
        try await store.drop(day)
      }
      progress("taking away what belonged to them")
      try await store.sweepLeftovers()
    }
  }

  /// Makes a view for people; gives its name and how many tables it shows.
  package func view(days: Int) async throws -> (name: String, tables: Int) {
    try await withStore { try await $0.makeRecentView(days: days) }
  }

  /// Writes a day to a new file, reads that again and compares it with the day as it is then, and drops the day where
  /// that is wanted.
  package func archive(
    _ text: String, to path: String, drops: Bool, progress: @escaping Progress
  ) async throws -> String {
    let day = try Self.day(text)
    return try await withStore(isReadOnly: !drops) { store in
      try await Self.check(day, in: store)
      let layout = try await store.archiveLayout()
      let file = ArchiveFile(path: path)
      let written = try await file.write(day, of: store, layout) { progress("\(day): \($0) exchanges written") }
      progress("\(day): reading the file again")
      let read = try await file.read(layout) { _, _ in }
      guard read == written else { throw ImportError("\(path) does not hold what was written; the day is kept") }
      if drops { try await drop(day, of: store, holding: written, layout, progress) }
      return Self.text(written)
    }
  }

  /// Copies a day to another history, compares both, and drops the day where that is wanted.
  package func archive(
    _ text: String, into dsn: String, drops: Bool, progress: @escaping Progress
  ) async throws -> String {
    let day = try Self.day(text)
    let other = PartitionTools(session, session.store(try Session.location(dsn, "--to")))
    return try await withStore(isReadOnly: !drops) { store in
      try await Self.check(day, in: store)
      return try await other.withStore(zone: store.timeZoneName) { target in
        let layout = try await store.archiveLayout()
        let isOwn = try await store.identity() == target.identity()
        guard !isOwn else { throw ImportError("--to is a copy of this history; a day is archived into another one") }
        let written = try await store.forEachExchange(of: day, layout) { exchanges in
          _ = try await target.restore(exchanges, layout, areCounted: false)
          progress("\(day): copied \(exchanges.count) more exchanges")
        }
        let copied = try await target.forEachExchange(of: day, try await target.archiveLayout()) { _ in }
        guard copied == written else {
          throw ImportError("the other history holds something else for \(day) than what was copied; the day is kept")
        }
        if drops { try await drop(day, of: store, holding: written, layout, progress) }
        return Self.text(written)
      }
    }
  }

  private func drop(
    _ day: Day, of store: Store, holding archived: Contents, _ layout: ArchiveLayout, _ progress: Progress
  ) async throws {
    let count = try await store.count(of: day)
    let now = try await store.forEachExchange(of: day, layout) { _ in }
    guard now == archived else { throw ImportError("\(day) has changed since it was archived; it is kept") }
    progress("dropping \(day)")
    do {
      try await store.drop(day, holding: count)
    } catch is DayHasChanged {
      throw ImportError("\(day) has changed since it was archived; what is left of it is kept")
    }
    try await store.sweepLeftovers()
  }

  private static func days(_ list: String?) throws -> [Day] {
    try list?.split(separator: ",").map { try day(String($0)) } ?? []
  }

  private static func day(_ text: String) throws -> Day {
    guard let day = Day(text: text) else { throw ConfigurationError("--day \(text) is no day such as 2025-01-15") }
    return day
  }

  /// A slip in the date would look like an archive.
  private static func check(_ day: Day, in store: Store) async throws {
    let holdsRows = try await store.partitions().contains { $0.day == day && $0.holdsRows }
    guard holdsRows else { throw ImportError("\(day) holds nothing; verbatim partitions list tells which days do") }
  }

  private static func text(_ contents: Contents) -> String {
    "\(contents.rows) rows, checksum \(String(contents.checksum, radix: 16))"
  }

  private func withStore<Result: Sendable>(
    isReadOnly: Bool = false, zone: String? = nil, _ body: (Store) async throws -> Result
  ) async throws -> Result {
    var configuration = configuration
    configuration.isReadOnly = isReadOnly
    configuration.purpose = "partitions"
    if let zone { configuration.partitionTimeZone = zone }
    let store = try await Store.open(configuration)
    do {
      let result = try await body(store)
      await store.close()
      return result
    } catch {
      await store.close()
      throw error
    }
  }
}

/// Days that would be dropped.
package struct DroppableDays: Sendable {
  let days: [Day]
  /// A line for each.
  package let lines: [String]

  package var count: Int { days.count }

  init(_ partitions: [PartitionSummary]) {
    days = partitions.map(\.day)
    lines = partitions.map(PartitionTable.line)
  }
}
