import Databases

/// A backup on disk.
package struct BackupFile: Sendable {
  private let configuration: Store.Configuration
  private let path: String

  /// `configuration` as for the database that it is of.
  package init(path: String, configuration: Store.Configuration) {
    var configuration = configuration
    configuration.engine = .sqlite(SQLiteFile(path: path))
    configuration.isReadOnly = true
    self.configuration = configuration
    self.path = path
  }

  /// Throws unless it is a whole database of a schema that this version knows.
  package func check() async throws { try await withChecked { _ in } }

  /// What it holds, checked.
  func outline() async throws -> DatabaseOutline {
    try await withChecked { store in try await store.database.outline() }
  }

  /// Copies it, checked, to a new file; gives what it holds.
  func copy(
    to path: String, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) async throws -> DatabaseOutline {
    try await withChecked { store in
      try await store.backup(to: path, progress: progress)
      return try await store.database.outline()
    }
  }

  private func withChecked<Result: Sendable>(_ body: (Store) async throws -> Result) async throws -> Result {
    let store: Store = try await Store.open(configuration)
    do {
      let damage: [String] = try await store.integrityCheck()
      guard damage.isEmpty else { throw DamagedBackup(path: path, damage: damage) }
      let result: Result = try await body(store)
      await store.close()
      return result
    } catch {
      await store.close()
      throw error
    }
  }
}

package struct DamagedBackup: Error, Sendable, CustomStringConvertible {
  let path: String
  let damage: [String]

  package var description: String { "\(path) is damaged: \(damage.joined(separator: "; "))" }
}
