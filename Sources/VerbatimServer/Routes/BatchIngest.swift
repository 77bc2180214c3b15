import HTTP
import VerbatimModel
import VerbatimStore

/// Records the items of one request body as they arrive: one group is committed while the next is parsed.
///
/// The answer leaves when the body has been read, so that a client that sends everything before it reads cannot stand
/// still against us.
struct BatchIngest {
  static let maximumItems = 10_000
  /// Bytes of the body after which a group is committed.
  static let groupSize = 4 << 20
  /// Room for `/9999` behind a key.
  static let indexSuffixLength = 5

  let recording: Recording
  let elementLimit: Int
  let idempotencyKey: String?

  private var answer = BatchAnswer()
  private var group = BatchGroup()
  private var index = 0

  init(recording: Recording, elementLimit: Int, idempotencyKey: String?) {
    self.recording = recording
    self.elementLimit = elementLimit
    self.idempotencyKey = idempotencyKey
  }

  mutating func run(_ body: RequestBody, as type: ContentType) async throws -> HTTPResponse {
    try await withThrowingTaskGroup(of: CommittedGroup.self) { tasks in
      var isCommitting = false
      var items = BatchItems(body, as: type, elementLimit: elementLimit)
      while let item = try await items.next() {
        try take(item, of: &items)
        guard group.isFull || items.groupSize >= Self.groupSize else { continue }
        if isCommitting, let committed = try await tasks.next() { try answer.add(committed) }
        commit(in: &tasks)
        items.cutGroup()
        isCommitting = true
      }
      if isCommitting, let committed = try await tasks.next() { try answer.add(committed) }
      if !group.isEmpty {
        commit(in: &tasks)
        if let committed = try await tasks.next() { try answer.add(committed) }
      }
    }
    return answer.response()
  }

  private mutating func take(_ item: BatchItems.Item, of items: inout BatchItems) throws(APIError) {
    defer { index += 1 }
    switch item {
    case .failure(let failure):
      group.add(failure)
    case .json(let json):
      do throws(InvalidExchange) {
        group.add(try parse(json))
      } catch {
        if case .malformed = error { try items.end(atMalformedItem: error.description) }
        group.add(BatchFailure(APIError(error)))
      }
    }
  }

  private func parse(_ json: Bytes) throws(InvalidExchange) -> NewExchange {
    var exchange = try recording.exchange(json, .insert)
    if exchange.clientMessageID == nil { exchange.clientMessageID = idempotencyKey.map { "\($0)/\(index)" } }
    return exchange
  }

  private mutating func commit(in tasks: inout ThrowingTaskGroup<CommittedGroup, any Error>) {
    let group = self.group
    self.group = BatchGroup()
    let recording = recording
    tasks.addTask {
      CommittedGroup(
        failures: group.failures,
        results: group.exchanges.isEmpty ? [] : await recording.append(group.exchanges))
    }
  }
}

/// Why one item was not stored.
struct BatchFailure: Sendable {
  let code: String
  let detail: String

  init(code: String, detail: String) {
    self.code = code
    self.detail = detail
  }

  init(_ error: APIError) { self.init(code: error.code, detail: error.detail) }
}

/// Items that are committed together.
private struct BatchGroup: Sendable {
  /// In order; nil stands for the next of `exchanges`.
  private(set) var failures: [BatchFailure?] = []
  private(set) var exchanges: [NewExchange] = []

  var isEmpty: Bool { failures.isEmpty }

  var isFull: Bool { failures.count >= 512 }

  mutating func add(_ exchange: NewExchange) {
    failures.append(nil)
    exchanges.append(exchange)
  }

  mutating func add(_ failure: BatchFailure) { failures.append(failure) }
}

/// Items with what became of them.
struct CommittedGroup: Sendable {
  let failures: [BatchFailure?]
  let results: [Result<Store.Receipt, StoreError>]
}
