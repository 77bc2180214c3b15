import HTTP

/// How much of a call is recorded: the header `X-Verbatim-Record`.
enum RecordMode: String, CaseIterable {
  static let field = "X-Verbatim-Record"

  case none
  /// Who, when, which model and how much, but not what was said.
  case metadata
  case full

  init(_ fields: HTTPFields, _ settings: GatewaySettings) throws(APIError) {
    guard let text = fields[Self.field] else {
      self = .full
      return
    }
    guard let mode = RecordMode(rawValue: text.lowercased()) else {
      throw .invalid("\(Self.field) must be \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    guard mode != .none || settings.recording == .lenient else {
      throw .forbidden("this server answers nothing that it does not record: \(Self.field) cannot be none")
    }
    self = mode
  }
}
