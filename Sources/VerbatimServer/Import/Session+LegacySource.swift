import Databases
import Synchronization
import VerbatimStore

/// Another program's database that is read and left as it is.
package struct LegacySource: Sendable {
  fileprivate let location: DatabaseLocation
  fileprivate let options: LegacyFollower.Options

  /// The file or the address, without its password.
  package var name: String { location.name }

  /// `format`: mes, seed002, seed003 or seed004.
  package init(dsn: String, format: String, account: String?, timeZone: String?) throws {
    do throws(SettingError) {
      location = try DatabaseLocation(dsn: dsn)
    } catch {
      throw ConfigurationError("--from \(error.problem); allowed: \(error.allowed)")
    }
    var options = LegacyFollower.Options()
    options.contents =
      format == "mes"
      ? [.history, .failures] : [.messages, .dialogues, .conversations, .settings, .files]
    options.account = account
    options.timeZone = timeZone
    self.options = options
  }
}

extension Session {
  /// Records what a source holds. Answers how many rows it has given, in this and earlier calls.
  package func copy(_ source: LegacySource, onProgress: @escaping @Sendable (String) -> Void) async throws -> Int64 {
    let rows = Mutex<[String: Int64]>([:])
    try await withStore { store in
      try await follower(source, store) { table, progress in
        rows.withLock { $0[table.originalName] = progress.rows }
        onProgress("\(table.originalName): \(progress.rows) rows")
      }.copyOnce()
    }
    return rows.withLock { $0.values.reduce(0, +) }
  }

  /// Records what a source holds and comes to hold, until `untilStopped` returns.
  package func follow(
    _ source: LegacySource, untilStopped: @escaping @Sendable () async -> String?,
    onProgress: @escaping @Sendable (String) -> Void
  ) async throws {
    try await withStore { store in
      let follower = follower(source, store) { table, progress in
        onProgress("\(table.originalName): \(progress.rows) rows")
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await follower.follow() }
        group.addTask { _ = await untilStopped() }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }

  private func follower(
    _ source: LegacySource, _ store: Store,
    _ onProgress: @escaping @Sendable (LegacyTable, LegacyProgress) -> Void
  ) -> LegacyFollower {
    LegacyFollower(from: source.location.engine, to: store, options: source.options, onProgress: onProgress)
  }

  private func withStore(_ body: (Store) async throws -> Void) async throws {
    try configuration.historyDatabase.prepareFolder()
    var store = storeConfiguration
    store.purpose = "import"
    let open = try await Store.open(store)
    do {
      try await body(open)
      await open.close()
    } catch {
      await open.close()
      throw error
    }
  }
}
