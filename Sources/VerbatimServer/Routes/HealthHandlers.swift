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

  /// Records are taken now: by the database or, degraded, by the journal, so that no load balancer takes the last server
  /// away. With `?connections`, how those to the database fare is told, too.
  @Sendable func ready(_ request: HTTPRequest) async throws -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    json.key("status")
    var status = 200
    switch await store.readiness() {
    case .ready:
      json.string("ready")
    case .degraded(let reason):
      json.string("ready")
      json.key("degraded")
      json.boolean(true)
      json.add("detail", reason)
    case .unavailable(let reason):
      status = 503
      json.string("unavailable")
      json.add("detail", reason)
    }
    if let journal = store.journalContents, journal.waiting + journal.setAside > 0 {
      json.add("journal", [("waiting", journal.waiting), ("set_aside", journal.setAside), ("bytes", journal.bytes)])
    }
    if request.queryParameter("connections") != nil {
      json.add("connections", store.connectionStatistics.counts)
      if let replica = store.replicaStatistics {
        json.add("replica_state", replica.condition)
        json.add("replica", [("reads", replica.reads), ("behind", replica.behind), ("missed", replica.missed)])
      }
    }
    json.endObject()
    var response = HTTPResponse.json(json, status: status)
    if status == 503 { response.fields["Retry-After"] = "1" }
    return response
  }

  private func answer(status: Int, _ pairs: [(String, String)]) -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    for (name, value) in pairs { json.add(name, value) }
    json.endObject()
    return .json(json, status: status)
  }
}

extension JSONWriter {
  fileprivate mutating func add(_ name: String, _ value: String) {
    key(text: name)
    string(value)
  }

  fileprivate mutating func add(_ name: String, _ counts: [(name: String, count: Int)]) {
    key(text: name)
    beginObject()
    for (name, count) in counts {
      key(text: name)
      integer(count)
    }
    endObject()
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
