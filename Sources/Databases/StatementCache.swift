/// A prepared statement that is kept for the next who wants its text.
protocol CachedStatement: AnyObject {
  var text: String { get }
  var lastUse: UInt64 { get set }
  var isInUse: Bool { get set }

  /// Lets go of what the engine holds; it is not used afterwards.
  func finalize()
}

/// Prepared statements by their text; the one unused for longest goes first.
struct StatementCache<Cached: CachedStatement> {
  private let capacity: Int
  private var statements: [String: Cached] = [:]
  private var clock: UInt64 = 0

  init(capacity: Int) {
    self.capacity = max(1, capacity)
    statements.reserveCapacity(self.capacity + 1)
  }

  mutating func statement(_ text: String) -> Cached? {
    guard let statement = statements[text] else { return nil }
    touch(statement)
    return statement
  }

  mutating func insert(_ statement: Cached) {
    if statements.count >= capacity { evict() }
    touch(statement)
    statements[statement.text] = statement
  }

  mutating func removeAll() {
    for statement in statements.values { statement.finalize() }
    statements.removeAll()
  }

  private mutating func touch(_ statement: Cached) {
    clock += 1
    statement.lastUse = clock
  }

  private mutating func evict() {
    let candidates = statements.values.lazy.filter { !$0.isInUse }
    guard let oldest = candidates.min(by: { $0.lastUse < $1.lastUse }) else { return }
    statements[oldest.text] = nil
    oldest.finalize()
  }
}
