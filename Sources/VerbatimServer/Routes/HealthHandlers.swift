import HTTP
import VerbatimModel
import VerbatimStore

struct HealthHandlers: Sendable {
  let store: Store

  /// The seed's health check: the service answers.
  @Sendable func service(_ request: HTTPRequest) async throws -> HTTPResponse {
    answer(status: 200, [("status", "healthy"), ("service", "chat-data-insertion")])
  }

  /// The process is alive.
  @Sendable func live(_ request: HTTPRequest) async throws -> HTTPResponse {
    answer(status: 200, [("status", "live")])
  }

  /// Records are taken now.
  @Sendable func ready(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let reason = await store.unavailability() else { return answer(status: 200, [("status", "ready")]) }
    var response = answer(status: 503, [("status", "unavailable"), ("detail", reason)])
    response.fields["Retry-After"] = "1"
    return response
  }

  private func answer(status: Int, _ pairs: [(String, String)]) -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    for (name, value) in pairs {
      json.key(text: name)
      json.string(value)
    }
    json.endObject()
    return .json(json, status: status)
  }
}
