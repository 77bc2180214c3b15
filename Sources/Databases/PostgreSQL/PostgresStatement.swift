import CPostgres

/// A statement that the server has prepared, or one that it gets whole, with its values. What it prepared is prepared anew when the server has forgotten it, as a change of tables
/// or a pooler between us and the server brings about.
final class PostgresStatement: Statement, CachedStatement {
  private enum Course {
    case ready, running, done
  }

  let text: String
  var lastUse: UInt64 = 0
  var isInUse = false
  private(set) var changes = 0

  private let numberedText: String
  private let session: PostgresSession
  private let names: PostgresStatementNames?
  /// Nil where it is not prepared.
  private var name: PostgresStatementNames.Name?
  private var parameterTypes: [PostgresType] = []
  private var columnTypes: [PostgresType] = []
  private var parameters = PostgresParameters()
  private var course = Course.ready
  private var row: PostgresResult?

  /// `numberedText` is what the server gets, `text` what the caller gave and errors name.
  init(
    _ text: String, numberedText: String, _ session: PostgresSession, _ names: PostgresStatementNames
  ) throws(DatabaseError) {
    guard !text.utf8.contains(0) else { throw .misuse("a statement holds a NUL", sql: text) }
    self.text = text
    self.numberedText = numberedText
    self.session = session
    self.names = names
    try prepare(as: names.next())
  }

  /// Not prepared: its values are of the types that they are bound as.
  init(_ text: String, numberedText: String, _ session: PostgresSession) throws(DatabaseError) {
    guard !text.utf8.contains(0) else { throw .misuse("a statement holds a NUL", sql: text) }
    self.text = text
    self.numberedText = numberedText
    self.session = session
    names = nil
  }

  func finalize() {
    if let name { names?.forget(name) }
  }

  /// Prepares it anew when the server may have forgotten it.
  func refresh() throws(DatabaseError) {
    guard let names, let name, !names.isCurrent(name) else { return }
    names.forget(name)
    try prepare(as: names.next())
  }

  private func prepare(as name: PostgresStatementNames.Name) throws(DatabaseError) {
    self.name = name
    try session.begin(sql: text) { PQsendPrepare($0, name.text, numberedText, 0, nil) }
    _ = try session.finish(sql: text)
    try session.begin(sql: text) { PQsendDescribePrepared($0, name.text) }
    let description = try session.finish(sql: text)
    (parameterTypes, columnTypes) = (description.parameterTypes, description.columnTypes)
  }

  // MARK: Binds

  func bindInteger(_ value: Int64) { parameters.append(value, as: nextType(.integer64)) }
  func bindReal(_ value: Double) { parameters.append(value, as: nextType(.real64)) }

  func bindNull() {
    _ = nextType(.unspecified)
    parameters.appendNull()
  }

  func bindText(_ value: String) {
    var value = value
    let type = nextType(.text)
    value.withUTF8 { parameters.append(text: UnsafeRawBufferPointer($0), as: type) }
  }

  func bindText(bytes: ArraySlice<UInt8>) {
    let type = nextType(.text)
    bytes.withUnsafeBytes { parameters.append(text: $0, as: type) }
  }

  func bindBlob(_ bytes: ArraySlice<UInt8>) {
    let type = nextType(.bytes)
    bytes.withUnsafeBytes { parameters.append(blob: $0, as: type) }
  }

  func bindID(high: UInt64, low: UInt64) { parameters.append(id: high, low, as: nextType(.uuid)) }

  /// The type that the server wants, or `given` where it has not said one. One value too many has no type; running the
  /// statement throws then.
  private func nextType(_ given: PostgresType) -> PostgresType {
    if name == nil { parameterTypes.append(given) }
    return parameters.count < parameterTypes.count ? parameterTypes[parameters.count] : .text
  }

  // MARK: Running

  func step() throws(DatabaseError) -> Bool {
    switch course {
    case .done: return false
    case .running: return try advance()
    case .ready:
      try checkBinds()
      let wasInTransaction = session.isInTransaction
      do {
        return try start()
      } catch  where isForgotten(error) && !wasInTransaction {
        try refresh()
        return try start()
      }
    }
  }

  func rewind() {
    if course == .running { session.abandon() }
    parameters.removeAll()
    if name == nil { parameterTypes.removeAll() }
    row = nil
    changes = 0
    course = .ready
  }

  /// Runs it to its end with values that lie elsewhere, in binary form; answers how many rows it changed.
  func execute(_ pointers: [UnsafePointer<CChar>?], _ lengths: [Int32]) throws(DatabaseError) -> Int {
    guard let name, pointers.count == parameterTypes.count else { throw .misuse("too few columns", sql: text) }
    let forms = [Int32](repeating: 1, count: pointers.count)
    let size = lengths.reduce(0) { $0 + Int($1) }
    try session.begin(sql: text, size: size) {
      PQsendQueryPrepared($0, name.text, Int32(pointers.count), pointers, lengths, forms, 1)
    }
    do {
      return try session.finish(sql: text).changes
    } catch {
      _ = isForgotten(error)
      throw error
    }
  }

  private func start() throws(DatabaseError) -> Bool {
    try session.begin(sql: text, size: parameters.size) { handle in
      parameters.withPointers { values, lengths, forms in
        let count = Int32(parameters.count)
        if let name { return PQsendQueryPrepared(handle, name.text, count, values, lengths, forms, 1) }
        return PQsendQueryParams(handle, numberedText, count, parameterTypes.map(\.rawValue), values, lengths, forms, 1)
      }
    }
    session.streamRows()
    course = .running
    return try advance()
  }

  private func advance() throws(DatabaseError) -> Bool {
    row = nil
    do {
      switch try session.next(sql: text) {
      case .row(let row):
        if name == nil, columnTypes.isEmpty { columnTypes = row.columnTypes }
        self.row = row
        return true
      case .end(let result):
        changes = result.changes
        course = .done
        return false
      }
    } catch {
      course = .done
      throw error
    }
  }

  private func checkBinds() throws(DatabaseError) {
    guard parameters.count == parameterTypes.count else {
      throw .misuse("\(parameters.count) values for \(parameterTypes.count) placeholders", sql: text)
    }
    guard let failure = parameters.failure else { return }
    throw DatabaseError(kind: .constraint, code: 0, message: failure, sql: text)
  }

  /// Whether the server does not know the statement any more, or not in this form; none that it knew is used then.
  private func isForgotten(_ error: DatabaseError) -> Bool {
    guard error.kind == .conflict, ["26000", "0A000"].contains(where: { postgresCode($0) == error.code }) else {
      return false
    }
    names?.expire()
    return true
  }

  // MARK: The row in hand

  func isNull(_ column: Int) -> Bool { value(column) == nil }
  func integer(_ column: Int) -> Int64 { value(column)?.integer ?? 0 }
  func real(_ column: Int) -> Double { value(column)?.real ?? 0 }
  func text(_ column: Int) -> String { value(column)?.text ?? "" }
  func bytes(_ column: Int) -> ArraySlice<UInt8> { value(column)?.bytes ?? [] }
  func id(_ column: Int) -> (high: UInt64, low: UInt64)? { value(column)?.id }

  private func value(_ column: Int) -> PostgresValue? {
    guard columnTypes.indices.contains(column), let bytes = row?.value(column) else { return nil }
    return PostgresValue(columnTypes[column], bytes)
  }
}
