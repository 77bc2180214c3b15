import VerbatimModel
import VerbatimStore

/// A line of `verbatim search`.
package struct FoundMessage: Sendable {
  package let createdAt: String
  package let conversation: String
  package let role: String
  /// As text: what was found between `[` and `]`.
  package let snippet: String
}

/// What `verbatim search` answers.
package struct FoundMessages: Sendable {
  package var messages: [FoundMessage] = []
  /// Why not everything was looked at; nil where it was.
  package var incompleteReason: String?
}

extension Session {
  private static let pageSize = 100

  /// Looks for messages. `filters`: by the names of the API's parameters.
  package func search(
    _ query: String, _ filters: [(name: String, value: String?)], atMost count: Int
  ) async throws -> FoundMessages {
    try await administer { client in
      var found = FoundMessages()
      var cursor: String?
      repeat {
        let size = min(Self.pageSize, count - found.messages.count)
        let page = try await client.call(
          "GET", "/api/v1/search",
          query: [("q", query)] + filters + [("limit", String(size)), ("cursor", cursor)])
        if let results = page["results"] { found.messages += results.elements.map(FoundMessage.init) }
        found.incompleteReason = page["incomplete_reason"]?.string?.string
        cursor = page["next_cursor"]?.string?.string
      } while cursor != nil && found.messages.count < count
      return found
    }
  }

  /// Has the search index made anew, and waits for it: by the server that holds the database, else by this process.
  package func reindex(onProgress: @escaping @Sendable (SearchIndexStatus) -> Void) async throws -> SearchIndexStatus {
    var history = storeConfiguration
    history.purpose = "reindex"
    do {
      let store = try await Store.open(history)
      do {
        let status = try await Self.reindex(store, onProgress)
        await store.close()
        return status
      } catch {
        await store.close()
        throw error
      }
    } catch let holder as DatabaseHolder {
      guard holder.url != nil else { throw holder }
    }
    return try await administer { client in
      var status = SearchIndexStatus(try await client.call("POST", "/api/admin/search/reindex"))
      while status.rebuiltDays != nil || status.remainingDays > 0 {
        onProgress(status)
        try await Task.sleep(for: .milliseconds(500))
        status = SearchIndexStatus(try await client.call("GET", "/api/admin/search"))
      }
      return status
    }
  }

  /// Another process that shares the database may be the one to do it.
  private static func reindex(
    _ store: Store, _ onProgress: @escaping @Sendable (SearchIndexStatus) -> Void
  ) async throws -> SearchIndexStatus {
    var status = try await store.requestReindex()
    let indexer = try SearchIndexer(store)
    while status.rebuiltDays != nil || status.remainingDays > 0 {
      onProgress(status)
      if try await !indexer.round() { try await Task.sleep(for: .milliseconds(200)) }
      status = try await store.searchIndexStatus()
    }
    while try await indexer.round() {}
    return try await store.searchIndexStatus()
  }
}

extension FoundMessage {
  fileprivate init(_ json: JSONSlice) {
    func text(_ name: String) -> String { json[name]?.string?.string ?? "" }
    createdAt = text("created_at")
    conversation = text("conversation_id")
    role = text("role")
    var snippet = text("snippet")
    for (html, plain) in [
      ("<mark>", "["), ("</mark>", "]"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
      ("\n", " "),
    ] { snippet.replace(html, with: plain) }
    self.snippet = snippet
  }
}

extension SearchIndexStatus {
  fileprivate init(_ json: JSONSlice) {
    func number(_ name: String) -> Int64 { json[name]?.integer ?? 0 }
    self.init(
      messages: number("messages"), days: number("days"), segments: number("segments"),
      remainingDays: number("remaining_days"), rebuiltDays: json["rebuilding"]?.boolean == true ? number("days") : nil)
  }
}
