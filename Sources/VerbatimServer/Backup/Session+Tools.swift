import VerbatimStore

/// What commands do with a database beside serving it.
extension Session {
  /// Gives what is wrong, a line each.
  package func verify(progress: @escaping @Sendable (String) -> Void) async throws -> [String] {
    try await reading { store in
      progress("structure of the file")
      let damage = try await store.integrityCheck()
      // What a damaged file says of its rows would mislead.
      return damage.isEmpty ? try await store.verify(progress: progress) : damage.map { "damaged file: \($0)" }
    }
  }

  /// Copies the database as it is now to a new file, and checks the copy.
  package func backup(
    to path: String, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) async throws {
    try await reading { store in try await store.backup(to: path, progress: progress) }
    try await BackupFile(path: path, configuration: storeConfiguration).check()
  }

  /// Puts a backup in the database's place; gives what was there before, nil when there was nothing.
  package func restore(
    from path: String, isForced: Bool, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) async throws -> Restore.Old? {
    try configuration.historyDatabase.prepareFolder()
    return try await Restore(from: path, to: storeConfiguration, isForced: isForced).run(progress: progress)
  }

  /// Tools read whole tables by one statement, which takes as long as it takes; DEBUG shows their statements even so.
  var storeConfiguration: Store.Configuration {
    var store = configuration.store(log: log)
    if store.slowQueryThreshold > .zero { store.slowQueryThreshold = .seconds(86_400) }
    return store
  }

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
