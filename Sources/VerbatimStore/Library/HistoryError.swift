import VerbatimModel

/// Why a history did not do what was asked, by what the caller can do about it.
public enum HistoryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Nothing was saved, or nothing could be read; try again after the given time.
  case unavailable(reason: String, retryAfter: Duration)
  /// What was given cannot be saved, and never will: a field and why.
  case rejected(field: String, reason: String)
  /// The database or the configuration has to be changed first.
  case unusable(String)

  /// One line for a person; it repeats nothing of what was said in a conversation.
  public var description: String {
    switch self {
    case .unavailable(let reason, _): reason
    case .rejected(let field, let reason): "\(field) \(reason)"
    case .unusable(let reason): reason
    }
  }

  init(_ error: any Error) {
    switch error {
    case let error as HistoryError: self = error
    case let error as InvalidExchange: self.init(error)
    default:
      switch StoreError(error) {
      case .unavailable(let reason, let retryAfter): self = .unavailable(reason: reason, retryAfter: retryAfter)
      case .rejected(let field, let reason): self = .rejected(field: field, reason: reason)
      case .outOfReach: self = .rejected(field: "conversationID", reason: "names a conversation of somebody else")
      case .unusable(let reason): self = .unusable(reason)
      }
    }
  }

  private init(_ error: InvalidExchange) {
    switch error {
    case .malformed(let offset, let reason):
      self = .rejected(field: "json", reason: "is none at byte \(offset): \(reason)")
    case .invalid(let field, let reason, _): self = .rejected(field: field, reason: reason)
    case .foreign(let field): self = .rejected(field: field, reason: "names another than may be recorded for")
    }
  }
}
