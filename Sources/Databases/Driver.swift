/// An engine's client, synchronous: `Connection` calls it on its own thread, and nobody else does.
///
/// Statements come in with `?` for each value; a driver whose engine wants `$1` rewrites them.
protocol Driver: AnyObject {
  var dialect: Dialect { get }
  var isInTransaction: Bool { get }
  /// The connection cannot be trusted any more (I/O error, damage, lost) and is to be replaced.
  var isBroken: Bool { get }
  /// How many statements were prepared, not taken from the cache.
  var preparedStatements: Int { get }

  /// A statement, from the cache or prepared; it is the caller's until `release`.
  func prepare(_ text: String) throws(DatabaseError) -> any Statement
  /// A statement that is run once.
  func prepareOnce(_ text: String) throws(DatabaseError) -> any Statement
  func release(_ statement: any Statement)
  /// As `Connection.insert` says; interruption is the driver's to watch.
  func insert(
    _ bulk: BulkInsert, rows: Int, bind: (Int, borrowing Binds) -> Void, conflicted: ((Int) -> Void)?
  ) throws(DatabaseError) -> Int
  func executeScript(_ text: String) throws(DatabaseError)

  func begin(_ kind: TransactionKind) throws(DatabaseError)
  func commit() throws(DatabaseError)
  func rollback() throws(DatabaseError)

  /// Moves committed pages to where they belong, for engines that leave this to their client.
  func checkpoint(_ extent: CheckpointExtent) throws(DatabaseError)
  func backup(to path: String, progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError)
  func integrityProblems() throws(DatabaseError) -> [String]

  /// Frees what the client holds; the driver is not used afterwards.
  func close()
}

enum TransactionKind {
  /// Takes the write lock at once, so that it cannot fail for a later reader-to-writer upgrade.
  case write
  case read
}

enum CheckpointExtent {
  /// Nothing, unless enough has gathered since the last one.
  case whenDue
  /// Everything, and the log becomes empty.
  case full
}

/// Takes values in the order of their placeholders or columns. What is wrong with one is said when it is used.
protocol ValueSink: AnyObject {
  func bindInteger(_ value: Int64)
  func bindReal(_ value: Double)
  func bindText(_ value: String)
  func bindText(bytes: ArraySlice<UInt8>)
  func bindBlob(_ bytes: ArraySlice<UInt8>)
  func bindID(high: UInt64, low: UInt64)
  func bindNull()
}

extension Driver {
  /// Where preparing costs little.
  func prepareOnce(_ text: String) throws(DatabaseError) -> any Statement { try prepare(text) }
}

extension ValueSink {
  func bind(_ value: SQLValue) {
    switch value {
    case .null: bindNull()
    case .integer(let value): bindInteger(value)
    case .real(let value): bindReal(value)
    case .text(let value): bindText(value)
    case .blob(let bytes): bindBlob(bytes)
    case .id(let high, let low): bindID(high: high, low: low)
    }
  }
}

/// A prepared statement and, while it runs, the row in hand.
protocol Statement: ValueSink {
  var text: String { get }
  /// Rows that the last run changed; 0 for what changes none.
  var changes: Int { get }

  /// Goes to the next row; false at the end. The first step throws when a bind failed or values are missing.
  func step() throws(DatabaseError) -> Bool
  /// Ready for the next run and its binds.
  func rewind()

  func isNull(_ column: Int) -> Bool
  func integer(_ column: Int) -> Int64
  func optionalInteger(_ column: Int) -> Int64?
  func real(_ column: Int) -> Double
  func text(_ column: Int) -> String
  func isText(_ column: Int, _ text: StaticString) -> Bool
  func bytes(_ column: Int) -> ArraySlice<UInt8>
  /// False for null.
  func append(_ column: Int, to bytes: inout [UInt8]) -> Bool
  func id(_ column: Int) -> (high: UInt64, low: UInt64)?
}

extension Statement {
  func optionalInteger(_ column: Int) -> Int64? { isNull(column) ? nil : integer(column) }

  func isText(_ column: Int, _ text: StaticString) -> Bool {
    !isNull(column) && text.withUTF8Buffer { bytes(column).elementsEqual($0) }
  }

  func append(_ column: Int, to bytes: inout [UInt8]) -> Bool {
    guard !isNull(column) else { return false }
    bytes += self.bytes(column)
    return true
  }
}
