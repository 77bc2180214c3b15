import Databases
import VerbatimModel

/// The durable history of conversations: appends are committed and fsynced before they are acknowledged.
package final class Store: Sendable {
  package struct Configuration: Sendable {
    /// The SQLite file.
    package var path: String
    package var slowQueryThreshold: Duration = .milliseconds(500)
    /// IANA name; stored at first start, a different value later is refused.
    package var partitionTimeZone = "UTC"
    /// `CURRENCY`, for exchanges that name none.
    package var currency = "USD"
    /// Nothing is created, upgraded or written; the file must hold a schema of this version. For `verify`, `backup` and
    /// the check before `restore`, also while a server has the file open.
    package var isReadOnly = false
    package var log: Log = .silent

    package init(path: String) { self.path = path }
  }

  /// What an append answers, once it is durable.
  package struct Receipt: Sendable, Equatable {
    package var conversationID: String
    package var exchangeID: UUIDv7
    package var isDuplicate: Bool
  }

  /// Opens, creates or upgrades the database. Throws `StoreError`.
  package static func open(_ configuration: Configuration) async throws -> Store { fatalError("skeleton") }

  /// Records one exchange; returns when it is durable. Throws `StoreError`.
  package func append(_ exchange: NewExchange, account: String) async throws -> Receipt { fatalError("skeleton") }

  /// Records many; results in order, each its own success or failure.
  package func append(_ exchanges: [NewExchange], account: String) async -> [Result<Receipt, StoreError>] {
    fatalError("skeleton")
  }

  package func conversation(_ id: String, account: String) async throws -> Conversation? { fatalError("skeleton") }

  /// The newest `limit` exchanges before `first`, oldest first; failures included. nil when there is no such conversation.
  package func exchanges(
    of conversation: String, account: String, before first: UUIDv7?, limit: Int
  ) async throws -> (exchanges: [StoredExchange], hasMore: Bool)? { fatalError("skeleton") }

  /// Whether the database takes records now; nil when it does, else why not.
  package func unavailability() async -> String? { fatalError("skeleton") }

  /// Compares counts, counters, keys, references and the partition register; every line is something wrong.
  package func verify(progress: @Sendable (String) -> Void) async throws -> [String] { fatalError("skeleton") }

  /// Copies the database as it is now to a new file while appends go on; fails if the file exists.
  package func backup(to path: String, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void) async throws {
    fatalError("skeleton")
  }

  /// The engine's own check of the file; every line is damage.
  package func integrityCheck() async throws -> [String] { fatalError("skeleton") }

  /// Commits what is queued, then closes.
  package func close() async { fatalError("skeleton") }
}

/// What a caller of the store can do: retry later, reject, give up.
package enum StoreError: Error, Sendable {
  /// Nothing was stored; try again after the given time. The queue is full, the disk is full, the database is away.
  case unavailable(reason: String, retryAfter: Duration)
  /// The exchange itself cannot be stored.
  case rejected(field: String, reason: String)
  /// The database cannot be used at all: corrupt, of a newer schema, another time zone, held by another process.
  case unusable(String)
}
