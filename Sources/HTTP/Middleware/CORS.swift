/// Lets pages of other origins call the server (the Fetch Standard, section 3.2). Off unless origins are named.
package struct CORS: Middleware {
  package enum Origins: Sendable, Equatable {
    case none
    case any
    case only(Set<String>)

    package func contains(_ origin: String) -> Bool {
      switch self {
      case .none: false
      case .any: true
      case .only(let allowed): allowed.contains(origin)
      }
    }
  }

  private let origins: Origins
  private let methods: String
  private let exposedFields: String
  private let maximumAge: String

  package init(
    origins: Origins, methods: [String] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    exposedFields: [String] = [], maximumAge: Duration = .seconds(7200)
  ) {
    self.origins = origins
    self.methods = methods.joined(separator: ", ")
    self.exposedFields = exposedFields.joined(separator: ", ")
    self.maximumAge = String(maximumAge.components.seconds)
  }

  package func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    guard origins != .none else { return try await next(request) }
    let origin = request.fields["Origin"]
    if let origin, request.method == "OPTIONS", request.fields["Access-Control-Request-Method"] != nil {
      return preflightAnswer(to: request, from: origin)
    }
    var response = try await next(request)
    addFields(to: &response, for: request)
    return response
  }

  /// Lets the page that asked read the answer, as far as its origin may.
  package func addFields(to response: inout HTTPResponse, for request: HTTPRequest) {
    guard origins != .none else { return }
    let origin = request.fields["Origin"]
    allow(origin, in: &response)
    if origin != nil, !exposedFields.isEmpty {
      response.fields["Access-Control-Expose-Headers"] = exposedFields
    }
  }

  private func preflightAnswer(to request: HTTPRequest, from origin: String) -> HTTPResponse {
    var response = HTTPResponse(status: 204)
    guard allow(origin, in: &response) else { return response }
    response.fields["Access-Control-Allow-Methods"] = methods
    // Whatever is asked for: `*` would leave out Authorization.
    if let wanted = request.fields["Access-Control-Request-Headers"], Self.isFieldList(wanted) {
      response.fields["Access-Control-Allow-Headers"] = wanted
    }
    vary(by: "Access-Control-Request-Headers", in: &response)
    response.fields["Access-Control-Max-Age"] = maximumAge
    return response
  }

  @discardableResult
  private func allow(_ origin: String?, in response: inout HTTPResponse) -> Bool {
    switch origins {
    case .none: return false
    case .any:
      response.fields["Access-Control-Allow-Origin"] = "*"
      return true
    case .only(let allowed):
      // Also where there is no origin, lest a cache hand that answer to a page.
      vary(by: "Origin", in: &response)
      guard let origin, allowed.contains(origin) else { return false }
      response.fields["Access-Control-Allow-Origin"] = origin
      return true
    }
  }

  private func vary(by field: String, in response: inout HTTPResponse) {
    response.fields["Vary"] = (response.fields.values(of: "Vary") + [field]).joined(separator: ", ")
  }

  private static func isFieldList(_ text: String) -> Bool {
    text.utf8.count <= 4096
      && text.utf8.allSatisfy { HTTPToken.isCharacter($0) || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") }
  }
}

extension CORS.Origins {
  /// Reads a setting: nothing, `*`, or origins between commas such as `https://chat.example.com`.
  package init(setting: String) throws(HTTPSettingError) {
    let entries = setting.split { $0 == "," || $0 == " " }.map(String.init)
    if entries.isEmpty {
      self = .none
    } else if entries == ["*"] {
      self = .any
    } else {
      for entry in entries where !Self.isOrigin(entry) {
        throw HTTPSettingError(
          description: "\(entry) is not an origin such as https://chat.example.com (scheme and host, no path)")
      }
      self = .only(Set(entries))
    }
  }

  /// Browsers send origins in lower case and without a path, and are compared with exactly.
  private static func isOrigin(_ text: String) -> Bool {
    guard let mark = text.firstRange(of: "://") else { return false }
    let host = text[mark.upperBound...]
    return mark.lowerBound > text.startIndex && !host.isEmpty
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !(0x41...0x5A).contains($0) }
      && !host.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
  }
}
