import HTTP
import VerbatimModel
import VerbatimStore

/// What a request is refused with.
struct APIError: Error, Sendable {
  var status: Int
  /// For programs: `invalid_value`, `not_found`, …
  var code: String
  /// A sentence for a person.
  var detail: String
  var fields: HTTPFields = [:]

  static func invalid(_ detail: String) -> APIError { APIError(status: 400, code: "invalid_value", detail: detail) }

  static func malformed(_ detail: String) -> APIError { APIError(status: 422, code: "invalid_json", detail: detail) }

  static func notFound(_ detail: String) -> APIError { APIError(status: 404, code: "not_found", detail: detail) }

  static func methodNotAllowed(_ method: String, path: String, allowed: [String]) -> APIError {
    let list = allowed.joined(separator: ", ")
    return APIError(
      status: 405, code: "method_not_allowed", detail: "\(path) does not know \(method), but \(list)",
      fields: ["Allow": list])
  }

  /// No key, or none that is good.
  static func unauthorized(_ detail: String) -> APIError {
    APIError(status: 401, code: "unauthorized", detail: detail, fields: ["WWW-Authenticate": "Bearer"])
  }

  static func conflict(_ detail: String) -> APIError { APIError(status: 409, code: "conflict", detail: detail) }

  static func forbidden(_ detail: String) -> APIError { APIError(status: 403, code: "forbidden", detail: detail) }

  /// For the log alone.
  static let cancelled = APIError(status: 499, code: "cancelled", detail: "the client has gone")

  static func unsupportedMediaType(_ detail: String) -> APIError {
    APIError(status: 415, code: "unsupported_media_type", detail: detail)
  }

  static func unavailable(_ reason: String, retryAfter: Duration) -> APIError {
    let seconds = max(1, retryAfter.components.seconds + (retryAfter.components.attoseconds > 0 ? 1 : 0))
    return APIError(status: 503, code: "unavailable", detail: reason, fields: ["Retry-After": String(seconds)])
  }
}

/// The one place where errors become answers: `{"success": false, "error", "detail", "request_id"}`, and under `/v1` as
/// OpenAI has it.
struct ErrorAnswers: Sendable {
  private let log: Log

  init(log: Log) { self.log = log }

  var mapping: ErrorMapping { ErrorMapping { error, request in answer(error, to: request) } }

  func answer(_ error: any Error, to request: HTTPRequest) -> HTTPResponse {
    answer(apiError(error, request), to: request)
  }

  func answer(_ error: APIError, to request: HTTPRequest) -> HTTPResponse {
    var response = HTTPResponse.json(
      request.path.hasPrefix("/v1/") ? Self.openAIBody(error) : Self.body(error, requestID: request.id),
      status: error.status)
    for (name, value) in error.fields.entries { response.fields.append(name, value) }
    return response
  }

  static func body(_ error: APIError, requestID: String) -> JSONWriter {
    var json = JSONWriter()
    json.beginObject()
    json.key("success")
    json.boolean(false)
    json.key("error")
    json.string(error.code)
    json.key("detail")
    json.string(error.detail)
    json.key("request_id")
    json.string(requestID)
    json.endObject()
    return json
  }

  /// `{"error": {"message", "type", "param", "code"}}`, under /v1.
  private static func openAIBody(_ error: APIError) -> JSONWriter {
    var json = JSONWriter()
    json.beginObject()
    json.key("error")
    json.beginObject()
    json.key("message")
    json.string(error.detail)
    json.key("type")
    json.string(error.openAIType)
    json.key("param")
    json.null()
    json.key("code")
    json.string(error.code)
    json.endObject()
    json.endObject()
    return json
  }

  private func apiError(_ error: any Error, _ request: HTTPRequest) -> APIError {
    switch error {
    case let error as APIError: error
    case let error as InvalidExchange: APIError(error)
    case let error as StoreError: APIError(error)
    case let error as HTTPError: APIError(error)
    default: unknown(error, request)
    }
  }

  private func unknown(_ error: any Error, _ request: HTTPRequest) -> APIError {
    // The client has gone, and what it waited for was given up.
    if Task.isCancelled { return .cancelled }
    log.error(
      "MES Unexpected failure",
      ["request_id": request.id, "method": request.method, "path": request.path, "error": "\(error)"])
    return APIError(
      status: 500, code: "internal_error", detail: "something unexpected failed; the log has it under this request_id")
  }
}

extension APIError {
  init(_ error: InvalidExchange) {
    switch error {
    case .malformed: self = .malformed(error.description)
    case .invalid: self = .invalid(error.description)
    case .foreign: self = .forbidden(error.description)
    }
  }

  init(_ error: StoreError) {
    switch error {
    case .unavailable(let reason, let retryAfter): self = .unavailable(reason, retryAfter: retryAfter)
    case .rejected(let field, let reason): self = .invalid("\(field) \(reason)")
    case .outOfReach: self = .notFound("there is no such conversation")
    case .unusable(let reason): self = .unavailable(reason, retryAfter: .seconds(30))
    }
  }

  init(_ error: HTTPError) {
    switch error {
    case .bodyTooLarge(let limit):
      self.init(status: 413, code: "body_too_large", detail: "the body is larger than \(limit) bytes")
    case .badBody(let reason):
      self.init(status: 400, code: "bad_body", detail: reason)
    case .unsupportedCoding(let coding):
      self = .unsupportedMediaType("Content-Encoding \(coding) is not known; it may be \(RequestCoding.accepted)")
      fields["Accept-Encoding"] = RequestCoding.accepted
    case .peerGone: self = .cancelled
    case .tooSlow:
      self.init(status: 408, code: "timeout", detail: "the body arrived too slowly")
    case .overloaded(let retryAfter):
      self = .unavailable("the bodies of other requests take all the memory there is for them", retryAfter: retryAfter)
    }
  }
}

extension APIError {
  fileprivate var openAIType: String {
    switch status {
    case 401: "authentication_error"
    case 403: "permission_error"
    case 429: "rate_limit_error"
    case 500...: "server_error"
    default: "invalid_request_error"
    }
  }
}

extension HTTPResponse {
  static func json(_ json: JSONWriter, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, fields: ["Content-Type": "application/json"], body: .bytes(json.bytes))
  }
}
