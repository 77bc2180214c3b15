import Databases
import VerbatimModel

/// Moves what other programs recorded into the history: a page of rows a transaction, together with how far it came.
struct LegacyMover: Sendable {
  let reader: LegacyReader
  let store: Store
  let mapping: LegacyMapping
  /// Under which progress is kept; empty for what is moved within its own database.
  let source: String
  let onProgress: @Sendable (LegacyTable, LegacyProgress) -> Void

  private static let attempts = 30
  private static let rememberedGaps = 1000

  /// Where reading of a table stands.
  private struct Course {
    var progress: LegacyProgress
    var grouping = LegacyGrouping()
  }

  /// Moves all that a table holds; goes on where an earlier call was cut off.
  func move(_ table: LegacyTable) async throws -> LegacyProgress {
    try await advance(table, isWanted: { $0.progress.state == .moving }) { course in
      try await step(table, &course, upTo: nil)
    }
  }

  /// As `move`, of a table whose ids say nothing of time: what came since is among all the others, and is told apart by
  /// what is there already.
  func moveAgain(_ table: LegacyTable) async throws -> LegacyProgress {
    let done: LegacyProgress? = try await stored(table)
    guard done?.state == .moved else { return try await move(table) }
    try await store.database.writer.run { [source] connection in
      try connection.transaction { try connection.save(LegacyProgress(), of: table.originalName, from: source) }
    }
    return try await move(table)
  }

  /// Moves the rows up to an id, of a table that grows. What waits for its answer since before `settled` is taken for
  /// unanswered; rows that became visible late are fetched.
  func follow(_ table: LegacyTable, upTo limit: Int64, settled: Int64) async throws -> LegacyProgress {
    var isDone = false
    return try await advance(table, isWanted: { _ in !isDone }) { course in
      isDone = try await followStep(table, &course, upTo: limit, settled: settled)
    }
  }

  /// Runs steps while they are wanted. What another transaction or the network spoils is done again from what was
  /// committed.
  private func advance(
    _ table: LegacyTable, isWanted: (Course) -> Bool, _ step: (inout Course) async throws -> Void
  ) async throws -> LegacyProgress {
    var failures = 0
    while true {
      var progress = LegacyProgress()
      do {
        var course: Course = try await resume(table)
        progress = course.progress
        while isWanted(course) {
          try Task.checkCancellation()
          try await step(&course)
          failures = 0
          progress = course.progress
          onProgress(table, progress)
        }
        return course.progress
      } catch let error as DatabaseError where [.conflict, .unavailable, .missingTable].contains(error.kind) {
        failures += 1
        guard store.dialect.isServer || error.kind != .unavailable, failures < Self.attempts else {
          throw error.kind == .unavailable ? error : failure(error, table, progress)
        }
        try await Task.sleep(for: min(.milliseconds(20 << min(failures, 8)), .seconds(2)))
      } catch let error as DatabaseError where error.kind != .cancelled {
        throw failure(error, table, progress)
      }
    }
  }

  /// Says which rows it is about.
  private func failure(_ error: DatabaseError, _ table: LegacyTable, _ progress: LegacyProgress) -> StoreError {
    let place = progress.position.map { "behind id \($0)" } ?? "at the beginning"
    return .unusable(
      "\(table.name) cannot be moved on \(place): \(error.message); what was moved stays, and so do all tables")
  }

  private func stored(_ table: LegacyTable) async throws -> LegacyProgress? {
    try await store.database.writer.run { [source] connection in
      try connection.legacyProgress(of: table.originalName, from: source)
    }
  }

  private func resume(_ table: LegacyTable) async throws -> Course {
    var course = Course(progress: try await stored(table) ?? LegacyProgress())
    for row in try await reader.rows(of: table, ids: course.progress.open) { _ = course.grouping.add(row) }
    return course
  }

  private func step(_ table: LegacyTable, _ course: inout Course, upTo limit: Int64?) async throws {
    let rows: [LegacyRow] = try await reader.page(of: table, after: course.progress.position, upTo: limit)
    if let last = rows.last { course.progress.position = last.id } else { course.progress.state = .moved }
    course.progress.rows += Int64(rows.count)
    switch table.content {
    case .conversations, .settings: try await enter(rows, of: table, course.progress)
    case .history, .failures, .messages, .dialogues, .files:
      var groups: [LegacyGrouping.Group] = rows.flatMap { course.grouping.add($0) }
      if rows.isEmpty { groups += course.grouping.finish() }
      try await write(groups, table, &course)
    }
  }

  /// Answers whether everything up to the limit is done.
  private func followStep(
    _ table: LegacyTable, _ course: inout Course, upTo limit: Int64, settled: Int64
  ) async throws -> Bool {
    let late: [LegacyRow] = try await reader.rows(of: table, ids: course.progress.gaps)
    let rows: [LegacyRow] = try await reader.page(of: table, after: course.progress.position, upTo: limit)
    var groups: [LegacyGrouping.Group] = (late + rows).flatMap { course.grouping.add($0) }
    if rows.isEmpty { groups += course.grouping.finish(upTo: settled) }
    guard !rows.isEmpty || !late.isEmpty || !groups.isEmpty else { return true }
    course.progress.noteGaps(late: late, rows: rows, remembered: Self.rememberedGaps)
    if let last = rows.last { course.progress.position = last.id }
    course.progress.rows += Int64(late.count + rows.count)
    try await write(groups, table, &course)
    return rows.isEmpty
  }

  private func write(_ groups: [LegacyGrouping.Group], _ table: LegacyTable, _ course: inout Course) async throws {
    let batch: [PendingExchange] = try await pending(groups)
    course.progress.open = course.grouping.openIDs
    course.progress.exchanges += Int64(batch.count)
    course.progress.files += Int64(batch.reduce(0) { $0 + $1.exchange.attachments.count })
    let (progress, source): (LegacyProgress, String) = (course.progress, source)
    try await store.database.writer.runToEnd { [store] connection in
      _ = try connection.commit(
        batch, to: store.dayTables, mayBeStored: !table.isNumbered,
        alongside: { try connection.save(progress, of: table.originalName, from: source) })
    }
  }

  private func enter(_ rows: [LegacyRow], of table: LegacyTable, _ progress: LegacyProgress) async throws {
    let (mapping, source, now): (LegacyMapping, String, Int64) = (mapping, source, store.configuration.clock())
    let (redaction, keys): (StoreRedaction?, ContentKeys) = (store.redaction, store.contentKeys)
    try await store.database.writer.runToEnd { connection in
      try connection.transaction {
        if table.content == .conversations {
          try connection.enterLegacyConversations(rows, mapping, redaction, keys, now: now)
        } else {
          try connection.enterLegacySettings(rows, mapping, redaction, keys, now: now)
        }
        try connection.save(progress, of: table.originalName, from: source)
      }
    }
  }

  /// What groups of rows become, in their order.
  func pending(_ groups: [LegacyGrouping.Group]) async throws -> [PendingExchange] {
    guard !groups.isEmpty else { return [] }
    let owners: [Bytes: LegacyRow] = try await reader.owners(of: groups.lazy.flatMap(\.rows))
    let now: Int64 = store.configuration.clock()
    return groups.compactMap { group in
      mapping.exchange(group, owners: owners).map { legacy in
        PendingExchange(
          store.redaction?.redacted(legacy.exchange) ?? legacy.exchange, accountID: legacy.account,
          firstID: legacy.firstID, calendar: store.calendar, currency: store.configuration.currency, recordedAt: now,
          updatedAt: legacy.firstID.milliseconds, keys: store.contentKeys)
      }
    }
  }
}

extension LegacyProgress {
  /// Numbers that were given and are not there may belong to transactions that have not ended.
  fileprivate mutating func noteGaps(late: [LegacyRow], rows: [LegacyRow], remembered: Int) {
    let found = Set(late.compactMap { $0.integer("id") })
    gaps.removeAll(where: found.contains)
    var last: Int64? = position.flatMap { Int64($0) }
    for id in rows.compactMap({ $0.integer("id") }) {
      if let last, last < id {
        let (first, isBelowAll): (Int64, Bool) = id.subtractingReportingOverflow(Int64(remembered))
        gaps += (isBelowAll ? last + 1 : max(last + 1, first))..<id
      }
      last = id
    }
    gaps = gaps.suffix(remembered)
  }
}
