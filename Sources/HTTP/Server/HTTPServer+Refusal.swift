import CBeast

extension HTTPServer {
  /// A request that was refused before a handler could see it, or an answer that cannot be sent.
  package struct Refusal: Sendable {
    package var status: Int
    /// `head_too_large`, `body_too_large`, `bad_request`, `timeout`, `unsupported`, `internal_error`.
    package var code: String
    package var detail: String
    /// What is known of the request: all of its head, or what was read before it was refused, perhaps the peer alone.
    /// nil where its target is not UTF-8.
    package var request: HTTPRequest?

    init(status: Int, code: String, detail: String) {
      self.status = status
      self.code = code
      self.detail = detail
    }
  }
}

extension HTTPServer.Refusal {
  /// The handler's answer has a status or fields that cannot be sent.
  static func badAnswer(to request: HTTPRequest) -> Self {
    var refusal = Self(status: 500, code: "internal_error", detail: "The answer could not be sent.")
    refusal.request = request
    return refusal
  }

  init(_ reason: cb_refusal, of request: HTTPRequest?, _ configuration: HTTPServer.Configuration) {
    self.init(reason, configuration)
    self.request = request
  }

  private init(_ reason: cb_refusal, _ configuration: HTTPServer.Configuration) {
    switch reason {
    case cb_refusal_bad_host:
      self.init(status: 400, code: "bad_request", detail: "The request must name one valid Host.")
    case cb_refusal_bad_target:
      self.init(status: 400, code: "bad_request", detail: "The request's target is malformed.")
    case cb_refusal_bad_framing:
      self.init(
        status: 400, code: "bad_request",
        detail: "The body's length is ambiguous or malformed (Content-Length, Transfer-Encoding or chunks).")
    case cb_refusal_head_too_large:
      self.init(
        status: 431, code: "head_too_large",
        detail: "The request's head is larger than \(configuration.maximumHeadSize) bytes.")
    case cb_refusal_too_many_fields:
      self.init(
        status: 431, code: "head_too_large",
        detail: "The request has more than \(configuration.maximumFields) header fields.")
    case cb_refusal_body_too_large: self.init(bodyLimit: configuration.maximumBodySize)
    case cb_refusal_timeout:
      self.init(status: 408, code: "timeout", detail: "The request did not arrive in time.")
    case cb_refusal_unsupported_version:
      self.init(status: 505, code: "unsupported", detail: "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    case cb_refusal_unsupported_coding:
      self.init(status: 501, code: "unsupported", detail: "The only Transfer-Encoding understood is chunked.")
    case cb_refusal_unsupported_expectation:
      self.init(status: 417, code: "unsupported", detail: "The only Expect understood is 100-continue.")
    default:
      self.init(status: 400, code: "bad_request", detail: "The request is not well-formed HTTP.")
    }
  }

  /// The answer to a request whose stream failed before its first byte.
  init(streamFailure error: any Error, of request: HTTPRequest) {
    self.init(streamFailure: error)
    self.request = request
  }

  private init(streamFailure error: any Error) {
    switch error as? HTTPError {
    case .bodyTooLarge(let limit): self.init(bodyLimit: limit)
    case .badBody(let detail): self.init(status: 400, code: "bad_request", detail: detail)
    case .unsupportedCoding(let coding):
      self.init(status: 415, code: "unsupported", detail: "The coding \(coding) is not understood.")
    case .tooSlow: self.init(status: 408, code: "timeout", detail: "The body did not arrive in time.")
    case .overloaded: self.init(status: 503, code: "unavailable", detail: "There is no memory for the body now.")
    case .peerGone, nil:
      self.init(status: 500, code: "internal_error", detail: "The answer could not be made.")
    }
  }

  private init(bodyLimit: Int) {
    self.init(status: 413, code: "body_too_large", detail: "The body is larger than \(bodyLimit) bytes.")
  }
}
