import Databases
import VerbatimStore

extension Session {
  /// What of a database is copied.
  package struct CopiedParts: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let history = CopiedParts(rawValue: 1)
    /// Accounts, keys and the audit trail.
    package static let accounts = CopiedParts(rawValue: 2)
  }

  /// Copies from one database to another; gives a line for each table.
  package func copy(
    _ parts: CopiedParts, from source: String, to target: String, replaces: Bool,
    progress: @escaping @Sendable (_ done: Int, _ total: Int, _ text: String) -> Void
  ) async throws -> [String] {
    let (source, target) = (try Self.location(source, "--from"), try Self.location(target, "--to"))
    try target.prepareFolder()
    let onProgress: @Sendable (HistoryCopy.Progress) -> Void = { step in
      progress(step.rows, step.total, "\(step.step.rawValue) \(step.table): \(step.rows) of \(step.total) rows")
    }
    var tables: [HistoryCopy.CopiedTableSummary] = []
    if parts.contains(.history) {
      let copy = HistoryCopy(from: store(source), to: store(target), replaces: replaces, onProgress: onProgress)
      tables += try await copy.run()
    }
    if parts.contains(.accounts) {
      let copy = AccountCopy(from: main(source), to: main(target), replaces: replaces, onProgress: onProgress)
      tables += try await copy.run()
    }
    return tables.map { table in
      let days = table.days.map { " on \($0) days" } ?? ""
      let checksum = String(table.contents.checksum, radix: 16)
      return "\(table.table): \(table.contents.rows) rows\(days), checksum \(checksum) on both sides"
    }
  }

  private func main(_ location: DatabaseLocation) -> MainStore.Configuration {
    var main = configuration.main(log: log)
    main.engine = location.engine
    main.purpose = "copy"
    return main
  }

  func store(_ location: DatabaseLocation) -> Store.Configuration {
    var store = storeConfiguration
    store.engine = location.engine
    return store
  }

  static func location(_ dsn: String, _ option: String) throws(ConfigurationError) -> DatabaseLocation {
    do {
      return try DatabaseLocation(dsn: dsn)
    } catch {
      throw ConfigurationError("\(option) \(Engine.redacted(dsn: dsn)) \(error.problem); allowed: \(error.allowed)")
    }
  }
}
