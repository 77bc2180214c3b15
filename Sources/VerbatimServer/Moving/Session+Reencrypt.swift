import VerbatimModel
import VerbatimStore

extension Session {
  private static let interval: Duration = .milliseconds(500)

  /// Brings all that is stored under the key that is used for what comes; answers how many texts were changed. Where a
  /// server holds the file it does the work, with the keys that it was started with.
  package func reencrypt(onProgress: @escaping @Sendable (String) -> Void) async throws -> Int {
    var store = storeConfiguration
    store.purpose = "reencrypt"
    let open: Store
    do {
      open = try await Store.open(store)
    } catch let holder as DatabaseHolder {
      guard let url = holder.url else { throw holder }
      return try await reencrypt(through: AdminClient(ServerTransport(url: url, token: holder.token)), onProgress)
    }
    do {
      guard configuration.contentKeys.areThere else {
        throw ConfigurationError("there are no keys: set CONTENT_KEYS or CONTENT_KEYS_FILE")
      }
      let texts = try await open.reencrypt { table, texts in onProgress("\(table): \(texts) texts changed") }
      await open.close()
      return texts
    } catch {
      await open.close()
      throw error
    }
  }

  private func reencrypt(
    through client: AdminClient, _ onProgress: @Sendable (String) -> Void
  ) async throws -> Int {
    var progress = try await client.call("POST", "/api/admin/reencryption")
    while progress["state"]?.string?.string == ReencryptionJob.State.running.rawValue {
      try await Task.sleep(for: Self.interval)
      progress = try await client.call("GET", "/api/admin/reencryption")
      let table = progress["table"]?.string?.string ?? "waiting"
      onProgress("\(table): \(progress["texts"]?.integer ?? 0) texts changed")
    }
    if let failure = progress["error"]?.string?.string { throw StoreError.unusable(failure) }
    return Int(progress["texts"]?.integer ?? 0)
  }
}
