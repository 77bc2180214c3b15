/// Prepared statements by their text; the one unused for longest goes first.
struct StatementCache {
  private let capacity: Int
  private var statements: [String: SQLiteStatement] = [:]
  private var clock: UInt64 = 0

  init(capacity: Int) {
    self.capacity = max(1, capacity)
    statements.reserveCapacity(self.capacity + 1)
  }

  mutating func statement(_ text: String) -> SQLiteStatement? {
    guard let statement = statements[text] else { return nil }
    touch(statement)
    return statement
  }

  mutating func insert(_ statement: SQLiteStatement) {
    if statements.count >= capacity { evict() }
    touch(statement)
    statements[statement.text] = statement
  }

  mutating func removeAll() {
    for statement in statements.values { statement.finalize() }
    statements.removeAll()
  }

  private mutating func touch(_ statement: SQLiteStatement) {
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
