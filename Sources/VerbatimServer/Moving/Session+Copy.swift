import Databases
import VerbatimStore

extension Session {
  /// Copies a whole history from one database to another; gives a line for each table.
  package func copy(
    from source: String, to target: String, replaces: Bool,
    progress: @escaping @Sendable (_ done: Int, _ total: Int, _ text: String) -> Void
  ) async throws -> [String] {
    let location = try Self.location(target, "--to")
    try location.prepareFolder()
    let copy = HistoryCopy(
      from: store(try Self.location(source, "--from")), to: store(location), replaces: replaces
    ) { step in
      progress(step.rows, step.total, "\(step.step.rawValue) \(step.table): \(step.rows) of \(step.total) rows")
    }
    return try await copy.run().map { table in
      let days = table.days.map { " on \($0) days" } ?? ""
      let checksum = String(table.contents.checksum, radix: 16)
      return "\(table.table): \(table.contents.rows) rows\(days), checksum \(checksum) on both sides"
    }
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
