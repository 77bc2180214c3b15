import HTTP
import VerbatimModel

extension Session {
  /// Writes an export to a file: through the server that `url` names, or the one that holds the database, else from the
  /// database itself. `query`: the parameters of the route.
  package func export(
    conversation: String?, query: [(name: String, value: String?)], from url: String?, to file: ExportFile,
    onProgress: @escaping @Sendable (ExportFile.Progress) -> Void
  ) async throws -> ExportFile.Progress {
    let path =
      conversation.map { "/api/conversations/\(PercentEncoding.encode($0))/export" } ?? "/api/conversations/export-all"
    let fetch: @Sendable (AdminClient) async throws -> Void = { client in
      try await client.fetch(path, query: query) { fields in
        file.begin(fields)
      } take: { part in
        try file.write(part)
        onProgress(file.soFar)
      }
    }
    if let url {
      let base = url.hasSuffix("/") ? String(url.dropLast()) : url
      try await fetch(AdminClient(ServerTransport(url: base, token: configuration.clientKey, client: HTTPClient())))
    } else {
      try await administer(fetch)
    }
    try file.finish()
    return file.soFar
  }
}
