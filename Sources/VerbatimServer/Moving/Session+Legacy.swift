import VerbatimStore

/// Tables of other programs in the history's database.
extension Session {
  /// What `migrate` would do about them, a line each.
  package func legacyPlan() async throws -> [String] {
    try await LegacyMigration(storeConfiguration).findings().map { finding in
      let name = finding.table.name
      switch finding.progress?.state {
      case .compared: return "\(name): \(finding.rows) rows, moved and compared; would be kept until --drop-legacy"
      case .moved: return "\(name): \(finding.rows) rows, moved; would be compared"
      case .moving: return "\(name): \(finding.progress?.rows ?? 0) of \(finding.rows) rows moved; would go on"
      case nil:
        let aside = finding.table.isRenamed ? "" : "put aside as legacy_\(name) and "
        return "\(name): \(finding.rows) rows of \(finding.table.content.description); would be \(aside)moved"
      }
    }
  }

  /// Takes them over. `onLine` hears of what was done, `onProgress` of what is going on.
  package func moveLegacyTables(
    account: String?, timeZone: String?, onLine: @escaping @Sendable (String) -> Void,
    onProgress: @escaping @Sendable (String) -> Void
  ) async throws {
    let migration = LegacyMigration(migrating, options: .init(account: account, timeZone: timeZone)) { event in
      switch event {
      case .renamed(let tables): onLine("\(tables) tables are put aside as legacy_…")
      case .moving(let table, let progress): onProgress("\(table.originalName): \(progress.rows) rows moved")
      case .comparing(let table, let rows): onProgress("\(table.originalName): \(rows) rows compared")
      case .done(let table, let progress):
        let exchanges = progress.exchanges > 0 ? ", \(progress.exchanges) exchanges" : ""
        onLine("\(table.originalName): \(progress.rows) rows moved and compared\(exchanges)")
      case .notice(let text): onLine(text)
      }
    }
    try await migration.run()
  }

  /// Answers the names of the tables that were dropped.
  package func dropLegacyTables() async throws -> [String] { try await LegacyMigration(migrating).dropLegacyTables() }

  private var migrating: Store.Configuration {
    var configuration = storeConfiguration
    configuration.purpose = "migration"
    return configuration
  }
}

extension LegacyTable.Content {
  fileprivate var description: String {
    switch self {
    case .history: "New API's history"
    case .failures: "New API's failed calls"
    case .messages: "messages"
    case .dialogues: "questions and answers"
    case .conversations: "conversations"
    case .settings: "settings of conversations"
    case .files: "files"
    }
  }
}
