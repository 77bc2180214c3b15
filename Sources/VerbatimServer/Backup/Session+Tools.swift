import VerbatimStore

/// What commands do with a database beside serving it.
extension Session {
  /// Gives what is wrong, a line each.
  package func verify(progress: @escaping @Sendable (String) -> Void) async throws -> [String] {
    try await reading { store in try await store.verify(progress: progress) }
  }

  /// Copies the database as it is now to a new file, and checks the copy.
  package func backup(
    to path: String, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) async throws {
    try await reading { store in try await store.backup(to: path, progress: progress) }
    try await BackupFile(path: path, configuration: storeConfiguration).check()
  }

  /// Puts a backup in the database's place; gives the name of the old file, nil when there was none.
  package func restore(
    from path: String, isForced: Bool, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) async throws -> String? {
    try configuration.database.prepareFolder()
    let lock = try DatabaseLock(database: configuration.database.path, purpose: "restore")
    defer { lock.release() }
    let restore = Restore(
      backup: BackupFile(path: path, configuration: storeConfiguration), database: configuration.database.path,
      isForced: isForced, stamp: Restore.stamp())
    return try await restore.run(progress: progress)
  }

  var storeConfiguration: Store.Configuration { configuration.store(log: log) }

  private func reading<Result: Sendable>(_ body: (Store) async throws -> Result) async throws -> Result {
    var store = storeConfiguration
    store.isReadOnly = true
    let open = try await Store.open(store)
    do {
      let result = try await body(open)
      await open.close()
      return result
    } catch {
      await open.close()
      throw error
    }
  }
}
