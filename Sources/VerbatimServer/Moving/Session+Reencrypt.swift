import VerbatimStore

extension Session {
  /// Brings all that is stored under the key that is used for what comes; answers how many texts were changed.
  package func reencrypt(onProgress: @escaping @Sendable (String) -> Void) async throws -> Int {
    guard configuration.contentKeys.areThere else {
      throw ConfigurationError("there are no keys: set CONTENT_KEYS or CONTENT_KEYS_FILE")
    }
    var store = storeConfiguration
    store.purpose = "reencrypt"
    let open = try await Store.open(store)
    do {
      let texts = try await open.reencrypt { table, texts in onProgress("\(table): \(texts) texts changed") }
      await open.close()
      return texts
    } catch {
      await open.close()
      throw error
    }
  }
}
