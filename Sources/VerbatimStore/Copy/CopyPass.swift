import Databases
import VerbatimModel

/// Contents of a table by portion.
typealias PortionContents = [Portion: Contents]

/// One run of a copy, on the thread and in the snapshot of the source.
///
/// What is in the target already is compared portion by portion, and only what differs is copied: so a copy that was cut
/// off goes on, and one that is repeated catches up. At the end both sides are read once more and compared whole.
struct CopyPass {
  let tables: [CopiedTable]
  let calendar: PartitionCalendar
  let target: CopyTarget
  /// Whether the target may hold rows already.
  let resumes: Bool
  let onProgress: @Sendable (HistoryCopy.Progress) -> Void

  /// Answers what both sides hold, table by table; throws `StoreError.unusable` where they still differ.
  func run(on source: isolated Connection) throws -> [HistoryCopy.CopiedTableSummary] {
    var held: [PortionContents] = []
    for table in tables { held.append(try bring(table, from: source)) }
    var summaries: [HistoryCopy.CopiedTableSummary] = []
    for (table, contents) in zip(tables, held) {
      var copied: PortionContents = try targetContents(of: table, rows: contents.total.rows)
      if copied != contents {
        try replaceDifferences(of: table, source: contents, target: copied, from: source)
        copied = try targetContents(of: table, rows: contents.total.rows)
      }
      try check(table, source: contents, target: copied)
      summaries.append(
        .init(table: table.name, days: table.isByID ? contents.count : nil, contents: contents.total))
    }
    return summaries
  }

  /// Which tables of days there are was asked before the snapshot, for MariaDB shows none that is younger.
  func checkTables(of source: isolated Connection) throws {
    let schema: any SchemaStatements.Type = try source.dialect().schema
    let known = Set(tables.map(\.name))
    for name in try source.dayPlaces().flatMap(\.tables) where !known.contains(name) {
      guard try source.first(schema.table(named: name), { _ in true }) == nil else {
        throw StoreError.unavailable(reason: "\(name) was made just now; run the copy again", retryAfter: .seconds(1))
      }
    }
  }

  /// Copies what the target lacks; answers what the source holds.
  private func bring(_ table: CopiedTable, from source: isolated Connection) throws -> PortionContents {
    let rows: Int = try source.first(table.count) { Int($0.integer(0)) } ?? 0
    let there: PortionContents = resumes ? try targetContents(of: table, rows: rows) : [:]
    guard !there.isEmpty else { return try copy(.whole, of: table, rows: rows, from: source) }
    let contents: PortionContents = try self.contents(of: table, on: source, rows: rows, step: .comparing)
    for portion in contents.keys where there[portion] != contents[portion] {
      _ = try copy(portion, of: table, rows: contents[portion]?.rows ?? 0, from: source)
    }
    return contents
  }

  /// What copying over it does not mend: rows that the source no longer has, or has changed.
  private func replaceDifferences(
    of table: CopiedTable, source: PortionContents, target: PortionContents, from connection: isolated Connection
  ) throws {
    for portion in Set(source.keys).union(target.keys) where source[portion] != target[portion] {
      _ = try self.target.result { try $0.execute(table.deletion(of: portion)) }
      guard let contents = source[portion] else { continue }
      _ = try copy(portion, of: table, rows: contents.rows, from: connection)
    }
  }

  private func check(_ table: CopiedTable, source: PortionContents, target: PortionContents) throws(StoreError) {
    for (portion, contents) in source where target[portion] != contents {
      let copied: Contents = target[portion] ?? Contents()
      throw .unusable(
        "\(table.name)\(text(portion)) differs: \(contents.rows) rows with the checksum \(contents.checksum) in the "
          + "source, \(copied.rows) with \(copied.checksum) in the target; does somebody else write to the target?")
    }
    guard target.count == source.count else {
      throw .unusable("\(table.name) has days in the target that the source has not; does somebody else write to it?")
    }
  }

  private func text(_ portion: Portion) -> String {
    guard case .day(let span) = portion else { return "" }
    return " of day \(calendar.day(of: span.lowerBound).number)"
  }

  /// Copies a portion and answers what it holds, day by day where the whole table is asked for.
  private func copy(
    _ portion: Portion, of table: CopiedTable, rows: Int, from source: isolated Connection
  ) throws -> PortionContents {
    var page = RowPage(columns: table.columns.count)
    let contents: PortionContents = try source.contents(of: table, portion: portion, calendar: calendar) { row, done in
      page.append(row)
      guard page.isFull else { return }
      try hand(page, of: table)
      page = RowPage(columns: table.columns.count)
      onProgress(.init(step: .copying, table: table.name, rows: done, total: rows))
    }
    if page.count > 0 { try hand(page, of: table) }
    return contents
  }

  private func hand(_ page: RowPage, of table: CopiedTable) throws {
    try target.submit { connection in
      try connection.transaction { try page.insert(into: table, on: connection) }
      try connection.checkpointIfNeeded()
    }
  }

  private func targetContents(of table: CopiedTable, rows: Int) throws -> PortionContents {
    let pass: CopyPass = self
    return try target.result { connection in
      try connection.snapshot { try pass.contents(of: table, on: connection, rows: rows, step: .comparing) }
    }
  }

  private func contents(
    of table: CopiedTable, on connection: isolated Connection, rows: Int, step: HistoryCopy.Progress.Step
  ) throws -> PortionContents {
    try connection.contents(of: table, portion: .whole, calendar: calendar) { _, done in
      if done % 2_000 == 0 { onProgress(.init(step: step, table: table.name, rows: done, total: rows)) }
    }
  }
}

extension PortionContents {
  var total: Contents { values.reduce(Contents(), +) }
}

extension Connection {
  /// Reads a portion row by row; answers what each day of it holds, or the whole where rows have no id.
  func contents(
    of table: CopiedTable, portion: Portion, calendar: PartitionCalendar, _ body: (CopiedRow, Int) throws -> Void
  ) throws -> PortionContents {
    var contents: PortionContents = [:]
    var row = CopiedRow()
    var span: Range<Int64> = 0..<0
    var current = Contents()
    var count = 0
    try forEachRow(table.selection(of: portion)) { found in
      try row.read(found, of: table)
      if table.isByID, !span.contains(row.milliseconds) {
        if current.rows > 0 { contents[.day(span)] = current }
        span = calendar.span(ofDayContaining: row.milliseconds)
        current = Contents()
      }
      current.add(row.hash)
      count += 1
      try body(row, count)
      return true
    }
    if current.rows > 0 { contents[table.isByID ? .day(span) : .whole] = current }
    return contents
  }
}
