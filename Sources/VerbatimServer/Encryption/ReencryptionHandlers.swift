import HTTP
import VerbatimModel

/// `/api/admin/reencryption`.
struct ReencryptionHandlers: Sendable {
  let job: ReencryptionJob
  let hasKeys: Bool

  @Sendable func start(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard hasKeys else { throw APIError.conflict("there are no keys: set CONTENT_KEYS or CONTENT_KEYS_FILE") }
    return answer(job.start())
  }

  @Sendable func progress(_ request: HTTPRequest) async throws -> HTTPResponse { answer(job.progress) }

  private func answer(_ progress: ReencryptionJob.Progress) -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    json.key("state")
    json.string(progress.state.rawValue)
    json.key("table")
    json.string(orNull: progress.table)
    json.key("texts")
    json.integer(Int64(progress.texts))
    json.key("error")
    json.string(orNull: progress.failure)
    json.endObject()
    return .json(json)
  }
}
