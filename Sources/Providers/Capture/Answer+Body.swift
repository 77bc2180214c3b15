import VerbatimModel

extension Answer {
  /// From an answer in one piece.
  init(body: Bytes, status: Int, call: RecordedCall) {
    guard let json = try? JSONSlice(checking: body), json.kind == .object else {
      self = Self.unreadable(body, status: status)
      return
    }
    if let error = json["error"], !error.isNull {
      self.init()
      fail(with: error, status: status)
    } else if !(200..<300).contains(status) {
      self.init()
      fail("\(status)", json["message"]?.string?.string ?? Self.excerpt(of: body))
    } else {
      switch call {
      case .chatCompletions: self.init(completion: json)
      case .responses: self.init(response: json)
      case .messages: self.init(message: json)
      }
    }
  }

  /// Takes a provider's error: an object with `message` and perhaps `code` and `type`, or a text.
  mutating func fail(with error: JSONSlice, status: Int = 200) {
    let fallback = (200..<300).contains(status) ? "error" : "\(status)"
    guard error.kind == .object else {
      return fail(fallback, error.string?.string ?? Self.excerpt(of: error.bytes))
    }
    let code = Self.code(error["code"]) ?? Self.code(error["type"]) ?? fallback
    fail(code, error["message"]?.string?.string ?? Self.excerpt(of: error.bytes))
  }

  private static func code(_ value: JSONSlice?) -> String? {
    guard let value else { return nil }
    if value.kind == .number { return value.bytes.count <= IngestLimits.code ? value.bytes.string : nil }
    return value.exactID(limit: IngestLimits.code)
  }

  private static func unreadable(_ body: Bytes, status: Int) -> Answer {
    var answer = Answer()
    let isGood = (200..<300).contains(status)
    answer.fail(isGood ? CaptureFailure.invalid : "\(status)", excerpt(of: body))
    return answer
  }

  /// Enough of what is no error object to tell what it is.
  private static func excerpt(of body: Bytes) -> String {
    let limit = 2000
    let text = body.prefix(limit).string.replacing("\0", with: "\u{fffd}")
    return body.count > limit ? text + "…" : text
  }
}
