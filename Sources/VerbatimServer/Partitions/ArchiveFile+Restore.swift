import VerbatimStore

extension ArchiveFile {
  /// Puts the file's exchanges into a history, each once, however often it is done. Statistics and the counters of
  /// conversations move only where the exchanges were recorded in another history.
  func restore(into store: Store, onProgress: (Importer.Summary) -> Void) async throws -> Importer.Summary {
    let layout = try await store.archiveLayout()
    let history = try await store.identity()
    var summary = Importer.Summary()
    try await read(layout) { header, exchanges in
      let stored = try await store.restore(exchanges, layout, areCounted: header.history == history)
      summary.lines += exchanges.count
      summary.stored += stored
      summary.duplicates += exchanges.count - stored
      onProgress(summary)
    }
    return summary
  }
}
