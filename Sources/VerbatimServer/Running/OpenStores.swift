import VerbatimModel
import VerbatimStore

/// The two databases of a server or of a command that stands in for one: the history, and who is who.
package struct OpenStores: Sendable {
  package let history: Store
  package let main: MainStore

  package init(history: Store, main: MainStore) {
    self.history = history
    self.main = main
  }

  /// A second apart.
  private static let attempts = 20

  /// Opens both, the history first. `waits`: for database servers that start at the same time. Throws as `Store.open`.
  package static func open(
    _ history: Store.Configuration, _ main: MainStore.Configuration, waits: Bool = false
  ) async throws -> OpenStores {
    let store = try await patiently(waits, history.log) { try await Store.open(history) }
    do {
      let main = try await patiently(waits, history.log) { try await MainStore.open(main, beside: store) }
      return OpenStores(history: store, main: main)
    } catch {
      await store.close()
      throw error
    }
  }

  /// Tells those who want to write to their files, too, that a server does it for them, and what to show it.
  package func announce(url: String, token: String) throws {
    try history.announce(url: url, token: token)
    try main.announce(url: url, token: token)
  }

  /// Commits what is under way, then closes both.
  package func close() async {
    await main.close()
    await history.close()
  }

  private static func patiently<Opened>(
    _ waits: Bool, _ log: Log, _ open: () async throws -> Opened
  ) async throws -> Opened {
    var attempt = 1
    while true {
      do {
        return try await open()
      } catch StoreError.unavailable(let reason, let pause) where waits && attempt < attempts {
        log.warning("MES a database cannot be reached; trying again", ["reason": reason])
        try await Task.sleep(for: pause)
        attempt += 1
      }
    }
  }
}
