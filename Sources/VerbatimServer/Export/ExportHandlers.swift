import HTTP
import VerbatimModel
import VerbatimStore

/// Gives out what was recorded, as much of it as there is.
struct ExportHandlers: Sendable {
  /// Where the next export with `since` goes on.
  static let cursorField = "X-Verbatim-Cursor"
  /// About how many exchanges there are at most, where that is known without looking at them.
  static let estimateField = "X-Verbatim-Estimate"

  let store: Store

  /// `GET /api/conversations/{conversation_id}/export`
  @Sendable func conversation(_ request: HTTPRequest) async throws -> HTTPResponse {
    var query = try ExportQuery(request, within: request.caller.reach)
    let found = try await store.conversation(request.conversationID, within: request.caller.reach)
    guard let conversation = found else { throw APIError.noConversation }
    query.selection.conversation = conversation.id
    return try await answer(&query, to: request, name: "conversation")
  }

  /// `GET /api/conversations/export-all`
  @Sendable func all(_ request: HTTPRequest) async throws -> HTTPResponse {
    var query = try ExportQuery(request, within: request.caller.reach)
    guard request.queryParameter("conversation_id") == nil else {
      throw APIError.invalid(
        "conversation_id is no filter of all: GET /api/conversations/{conversation_id}/export gives one conversation")
    }
    return try await answer(&query, to: request, name: "conversations")
  }

  private func answer(_ query: inout ExportQuery, to request: HTTPRequest, name: String) async throws -> HTTPResponse {
    try query.close(at: try await store.feedEnd())
    let stream = ExportStream(store: store, selection: query.selection, encoder: query.encoder())
    let estimate = try await store.exportEstimate(query.selection)
    return .export(
      stream, coding: ResponseCoding(accepted: request.fields),
      fields: [
        "Content-Type": query.format.contentType,
        "Content-Disposition": "attachment; filename=\"\(name).\(query.format.fileExtension)\"",
        Self.cursorField: query.cursor, Self.estimateField: "\(estimate)", "Cache-Control": "no-store",
      ])
  }
}
