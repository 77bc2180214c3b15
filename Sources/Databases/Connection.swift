/// One connection on a thread of its own: blocking drivers never run on the cooperative pool.
///
/// Work on it in one hop, with `run`; inside, every call is synchronous:
///
///     let count = try await connection.run { connection in
///       try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
///     }
package actor Connection {
  /// Runs `body` on the connection's thread. Cancelling the task interrupts the statement that is running.
  nonisolated package func run<Result: Sendable>(
    _ body: @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    fatalError("skeleton")
  }

  /// Runs a statement; answers how many rows it changed.
  @discardableResult
  package func execute(_ sql: SQL) throws(DatabaseError) -> Int { fatalError("skeleton") }

  /// Runs statements that take no values, separated by semicolons.
  package func executeScript(_ text: String) throws(DatabaseError) { fatalError("skeleton") }

  /// All rows, decoded one by one while the statement runs; nothing but the decoded values is held.
  package func query<Value>(_ sql: SQL, _ decode: (Row) throws -> Value) throws -> [Value] { fatalError("skeleton") }

  /// The first row, or nil.
  package func first<Value>(_ sql: SQL, _ decode: (Row) throws -> Value) throws -> Value? { fatalError("skeleton") }

  /// Calls `body` for each row until it answers false.
  package func forEachRow(_ sql: SQL, _ body: (Row) throws -> Bool) throws { fatalError("skeleton") }

  /// Runs one prepared statement once a row: the hot path of writing. `bind` is called for each row index in order and
  /// must bind every `?` of `text` in order; `applied` hears whether the row changed anything (a conflict that did
  /// nothing has not).
  package func executeEach(
    _ text: String, rows: Int, bind: (Int, borrowing Binds) -> Void, applied: ((Int, Bool) -> Void)? = nil
  ) throws(DatabaseError) { fatalError("skeleton") }

  /// Runs `body` in a transaction that takes the write lock at once; rolls back when it throws. The commit is durable.
  package func transaction<Result>(_ body: () throws -> Result) throws -> Result { fatalError("skeleton") }

  /// Runs `body` in a read transaction: everything it reads is of one moment.
  package func snapshot<Result>(_ body: () throws -> Result) throws -> Result { fatalError("skeleton") }
}

/// Binds one row's values in order, straight into the prepared statement.
package struct Binds: ~Copyable {
  package func integer(_ value: Int64?) { fatalError("skeleton") }
  package func real(_ value: Double?) { fatalError("skeleton") }
  package func text(_ value: String?) { fatalError("skeleton") }
  /// UTF-8 text; not copied: the bytes must live until `executeEach` returns.
  package func text(bytes value: ArraySlice<UInt8>?) { fatalError("skeleton") }
  package func blob(_ value: ArraySlice<UInt8>?) { fatalError("skeleton") }
  /// 16 bytes, big-endian: an id.
  package func id(_ high: UInt64, _ low: UInt64) { fatalError("skeleton") }
  package func null() { fatalError("skeleton") }
}

/// The row in hand; valid only inside the closure that it was given to. Columns count from 0.
package struct Row {
  package func isNull(_ column: Int) -> Bool { fatalError("skeleton") }
  /// 0 for null.
  package func integer(_ column: Int) -> Int64 { fatalError("skeleton") }
  package func optionalInteger(_ column: Int) -> Int64? { fatalError("skeleton") }
  package func real(_ column: Int) -> Double { fatalError("skeleton") }
  /// "" for null.
  package func text(_ column: Int) -> String { fatalError("skeleton") }
  package func optionalText(_ column: Int) -> String? { fatalError("skeleton") }
  /// A copy of a text's or blob's bytes; nil for null.
  package func bytes(_ column: Int) -> ArraySlice<UInt8>? { fatalError("skeleton") }
  /// A 16-byte blob as two big-endian halves; nil for null or another size.
  package func id(_ column: Int) -> (high: UInt64, low: UInt64)? { fatalError("skeleton") }
}
