import Databases

extension Connection {
  /// The tables that other programs keep conversations in, in the order in which they are moved; empty where there are
  /// none. `messages` and the tables around it count only together, since their names are common ones.
  func legacyTables() throws -> [LegacyTable] {
    let schema = try dialect().schema
    let names: [String] = try query(schema.tableNames()) { $0.text(0) }.filter(LegacyTable.isCandidate)
    return try legacyTables(among: names)
  }

  /// As `legacyTables`, for every start: days are looked at only where the history is not Verbatim's yet.
  func unmovedLegacyTables(isOurs: Bool) throws -> [LegacyTable] {
    let schema = try dialect().schema
    let names: [String] = try query(schema.tableNames()) { $0.text(0) }.filter { name in
      LegacyTable.isCandidate(name)
        && (!isOurs || name.hasPrefix(LegacyTable.prefix) || LegacyTable.fixedNames.contains(name))
    }
    return try legacyTables(among: names).filter(\.isMoved).filter { table in
      guard table.isRenamed else { return true }
      return try isOurs ? legacyProgress(of: table.originalName)?.state != .compared : true
    }
  }

  private func legacyTables(among names: [String]) throws -> [LegacyTable] {
    guard !names.isEmpty else { return [] }
    let schema = try dialect().schema
    var columns: [String: [LegacyTable.Column]] = [:]
    for start in stride(from: 0, to: names.count, by: 200) {
      try forEachRow(schema.columns(of: Array(names[start..<min(start + 200, names.count)]))) { row in
        columns[row.text(0), default: []].append(.init(name: row.text(1), type: row.text(2).lowercased()))
        return true
      }
    }
    let found: [LegacyTable] = names.sorted().compactMap { name in
      columns[name].flatMap { LegacyTable(name: name, columns: $0) }
    }
    let contents = Set(found.map(\.content))
    let isPaired: Bool =
      contents.contains(.conversations) && (contents.contains(.messages) || contents.contains(.dialogues))
    return LegacyTable.Content.inOrder.flatMap { content in
      found.filter { $0.content == content && (isPaired || content == .history || content == .failures) }
    }
  }

  func rowCount(of table: LegacyTable) throws -> Int64 {
    try first("SELECT count(*) FROM \(identifier: table.name)") { $0.integer(0) } ?? 0
  }
}

extension LegacyTable.Content {
  /// Conversations last: what their own table says of them wins over what their messages made of them.
  static let inOrder: [LegacyTable.Content] = [
    .history, .failures, .messages, .dialogues, .conversations, .settings, .files,
  ]
}
