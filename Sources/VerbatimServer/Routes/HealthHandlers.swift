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

  /// Records are taken now. With `?connections`, how those to the database fare is told, too.
  @Sendable func ready(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let reason = await store.unavailability() else {
      guard request.queryParameter("connections") != nil else { return answer(status: 200, [("status", "ready")]) }
      return .json(connections())
    }
    var response = answer(status: 503, [("status", "unavailable"), ("detail", reason)])
    response.fields["Retry-After"] = "1"
    return response
  }

  private func connections() -> JSONWriter {
    let statistics = store.connectionStatistics
    var json = JSONWriter()
    json.beginObject()
    json.key("status")
    json.string("ready")
    json.key("connections")
    json.beginObject()
    for (name, count) in statistics.counts {
      json.key(text: name)
      json.integer(count)
    }
    json.endObject()
    json.endObject()
    return json
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

extension ConnectionStatistics {
  fileprivate var counts: [(name: String, count: Int)] {
    [
      ("limit", capacity), ("open", open), ("in_use", inUse), ("idle", idle), ("waiting", waiting), ("waits", waits),
      ("wait_ms", Int(waitTime / .milliseconds(1))), ("closed_as_idle", closedAsIdle), ("closed_as_old", closedAsOld),
    ]
  }
}
