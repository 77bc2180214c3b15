import Databases

/// What a caller of the store can do: retry later, reject, give up.
package enum StoreError: Error, Sendable {
  /// Nothing was stored; try again after the given time. The queue is full, the disk is full, the database is away.
  case unavailable(reason: String, retryAfter: Duration)
  /// The exchange itself cannot be stored.
  case rejected(field: String, reason: String)
  /// What is to be written to belongs to somebody else; to its caller it is not there.
  case outOfReach
  /// The database cannot be used at all: corrupt, of a newer schema, another time zone.
  case unusable(String)

  /// Why a database could not be opened: a server that cannot be reached may be there in a moment.
  init(opening engine: Engine, _ error: DatabaseError) {
    let reason = "cannot open \(engine.line(about: error))"
    let mayPass: Bool = error.kind == .unavailable && engine.file == nil && !error.isRefusedLogin
    self = mayPass ? .unavailable(reason: reason, retryAfter: .seconds(1)) : .unusable(reason)
  }

  /// How a database's failure looks to the caller of an append or a read.
  init(_ error: any Error) {
    switch error {
    case let error as StoreError:
      self = error
    case let error as DatabaseError:
      switch error.kind {
      case .full:
        self = .unavailable(reason: "no room left for the database: \(error.message)", retryAfter: .seconds(5))
      case .readOnly:
        self = .unavailable(reason: "the database takes no writes: \(error.message)", retryAfter: .seconds(5))
      case .constraint:
        self = .rejected(field: "exchange", reason: error.message)
      case .corrupt:
        self = .unavailable(reason: "the database is damaged: \(error.message)", retryAfter: .seconds(60))
      case .unavailable, .conflict, .cancelled, .missingTable, .statement:
        self = .unavailable(reason: error.message, retryAfter: .seconds(1))
      }
    default:
      self = .unavailable(reason: "\(error)", retryAfter: .seconds(1))
    }
  }
}
