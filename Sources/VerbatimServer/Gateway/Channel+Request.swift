import HTTP
import VerbatimStore

extension Channel {
  /// What of a client's request is not for the upstream: what belongs to the connection, what says who the client is,
  /// and what is meant for Verbatim.
  private static let withheldFields: Set<String> = [
    "host", "content-length", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "expect", "content-encoding", "accept-encoding", "authorization", "x-api-key",
    "api-key", "cookie", "origin", "referer", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    "x-real-ip", "x-request-id", "x-conversation-id", "x-verbatim-record", "x-user-id", "x-app-id",
    "openai-organization", "openai-project",
  ]

  /// `path`: as the client called it, from `/v1` on; `model`: as the client calls it, nil where none is named; `body`: nil
  /// where there is none. A HEAD has none, whatever its client sent.
  func request(
    _ method: String, path: String, query: String?, model: String? = nil, fields: HTTPFields, body: [UInt8]?
  ) -> OutgoingRequest {
    let address = ChannelAddress(baseURL, dialect)
    var request = OutgoingRequest(
      method: method, url: address.url(path, query: query, model: model.flatMap(upstreamName)),
      fields: outgoing(fields), body: method == "HEAD" ? nil : body)
    request.decodesContent = true
    request.timeouts.connect = connectTimeout
    request.timeouts.firstByte = firstByteTimeout
    request.timeouts.idle = idleTimeout
    request.version = usesHTTP2 ? .http2 : .http1
    return request
  }

  private func outgoing(_ given: HTTPFields) -> HTTPFields {
    var outgoing: HTTPFields = [:]
    let own = Set(fields.keys.map { $0.lowercased() })
    for (name, value) in given.entries {
      let lowercased = name.lowercased()
      guard !Self.withheldFields.contains(lowercased), !own.contains(lowercased) else { continue }
      outgoing.append(name, value)
    }
    outgoing["Accept-Encoding"] = "identity"
    if dialect == .anthropic, outgoing["anthropic-version"] == nil { outgoing["anthropic-version"] = "2023-06-01" }
    if let key {
      switch dialect {
      case .openai: outgoing["Authorization"] = "Bearer \(key)"
      case .anthropic: outgoing["x-api-key"] = key
      case .azure: outgoing["api-key"] = key
      }
    }
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) { outgoing[name] = value }
    return outgoing
  }
}

extension HTTPFields {
  private static let connectionFields: Set<String> = [
    "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade", "content-encoding", "content-length", "set-cookie", "alt-svc", "strict-transport-security", "server",
    "date", "x-request-id",
    "access-control-allow-origin", "access-control-expose-headers", "access-control-allow-credentials", "vary",
  ]

  /// What of an upstream's answer is for the client; the upstream's own id of the request gets another name, since
  /// `X-Request-Id` is ours.
  var forClient: HTTPFields {
    var fields: HTTPFields = [:]
    for (name, value) in entries where !Self.connectionFields.contains(name.lowercased()) {
      fields.append(name, value)
    }
    if let id = self["x-request-id"] { fields["X-Upstream-Request-Id"] = id }
    return fields
  }
}
