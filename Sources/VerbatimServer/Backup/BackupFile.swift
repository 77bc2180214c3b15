import VerbatimStore

/// A backup on disk.
package struct BackupFile: Sendable {
  private let configuration: Store.Configuration

  /// `configuration` as for the database that it is of.
  package init(path: String, configuration: Store.Configuration) {
    var configuration = configuration
    configuration.path = path
    configuration.isReadOnly = true
    self.configuration = configuration
  }

  /// Throws unless it is a whole database of a schema that this version knows.
  package func check() async throws { try await withChecked { _ in } }

  /// Copies it, checked, to a new file.
  package func copy(to path: String, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void) async throws {
    try await withChecked { store in try await store.backup(to: path, progress: progress) }
  }

  private func withChecked(_ body: (Store) async throws -> Void) async throws {
    let store = try await Store.open(configuration)
    do {
      let damage = try await store.integrityCheck()
      guard damage.isEmpty else { throw DamagedBackup(path: configuration.path, damage: damage) }
      try await body(store)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }
}

package struct DamagedBackup: Error, Sendable, CustomStringConvertible {
  let path: String
  let damage: [String]

  package var description: String { "\(path) is damaged: \(damage.joined(separator: "; "))" }
}
