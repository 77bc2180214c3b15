import CMariaDB

/// A prepared statement of MySQL or MariaDB. Its rows come from the connection one by one, so that none but the one in
/// hand takes memory; until the last is read, or it is rewound, the connection can do nothing else.
final class MySQLStatement: Statement, CachedStatement {
  /// Rows still to come that are read and thrown away; where there are more, the server is told to stop.
  private static let mostRowsToSkip = 256

  let text: String
  var lastUse: UInt64 = 0
  var isInUse = false
  private(set) var changes = 0

  let handle: UnsafeMutablePointer<MYSQL_STMT>
  private weak var driver: MySQLDriver?
  private let values = MySQLValues()
  /// Nil before it was prepared, together with its first run.
  private var placeholders: Int?
  private(set) var columns: [MySQLColumn] = []
  private var state = State.ready
  private var isFinalized = false

  private enum State {
    case ready
    /// Running, with rows to come.
    case reading
    case done
  }

  init(_ text: String, _ driver: MySQLDriver) throws(DatabaseError) {
    guard let handle = mysql_stmt_init(driver.handle.connection) else { throw driver.handle.error(text) }
    self.text = text
    self.driver = driver
    self.handle = handle
    var text = text
    let code = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { mysql_stmt_prepare(handle, $0.baseAddress, UInt($0.count)) }
    }
    placeholders = Int(mysql_stmt_param_count(handle))
    guard code == 0 else { throw error() }
  }

  /// Is prepared and run by one message, where the server takes that.
  init(once text: String, _ driver: MySQLDriver) throws(DatabaseError) {
    guard let handle = mysql_stmt_init(driver.handle.connection) else { throw driver.handle.error(text) }
    self.text = text
    self.driver = driver
    self.handle = handle
  }

  deinit { finalize() }

  func finalize() {
    guard !isFinalized else { return }
    isFinalized = true
    state = .done
    mysql_stmt_close(handle)
  }

  // MARK: Binds

  func bindInteger(_ value: Int64) { values.bindInteger(value) }
  func bindReal(_ value: Double) { values.bindReal(value) }
  func bindText(_ value: String) { values.bindText(value) }
  func bindText(bytes: ArraySlice<UInt8>) { values.bindText(bytes: bytes) }
  func bindBlob(_ bytes: ArraySlice<UInt8>) { values.bindBlob(bytes) }
  func bindID(high: UInt64, low: UInt64) { values.bindID(high: high, low: low) }
  func bindNull() { values.bindNull() }

  // MARK: Running

  func step() throws(DatabaseError) -> Bool {
    switch state {
    case .ready: try execute(values, 0..<values.count)
    case .reading: break
    case .done: return false
    }
    return state == .reading ? try fetch() : false
  }

  func rewind() {
    if state == .reading { skipRows() }
    state = .ready
    values.removeAll()
  }

  /// Runs it with values that are held elsewhere.
  func execute(_ values: MySQLValues, _ range: Range<Int>) throws(DatabaseError) {
    if let placeholders, range.count != placeholders {
      throw .misuse("\(range.count) values for \(placeholders) placeholders", sql: text)
    }
    guard let driver else { throw .closed }
    try driver.checkSize(values.messageSize(of: range), text)
    try run {
      values.withBinds(of: range) { binds in
        if placeholders == nil { return prepareAndExecute(binds, count: range.count) }
        return mysql_stmt_bind_param(handle, binds) == 0 && mysql_stmt_execute(handle) == 0
      }
    }
  }

  private func prepareAndExecute(_ binds: UnsafeMutablePointer<MYSQL_BIND>?, count: Int) -> Bool {
    var count = UInt32(count)
    guard mysql_stmt_attr_set(handle, STMT_ATTR_PREBIND_PARAMS, &count) == 0, mysql_stmt_bind_param(handle, binds) == 0
    else { return false }
    var text = text
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { mariadb_stmt_execute_direct(handle, $0.baseAddress, $0.count) == 0 }
    }
  }

  /// `body` binds and executes; false: it failed.
  func run(_ body: () -> Bool) throws(DatabaseError) {
    guard let driver, !isFinalized else { throw .closed }
    changes = 0
    try driver.beginStatement()
    guard body() else { throw end(error()) }
    readColumns()
    if columns.isEmpty {
      state = .done
      changes = driver.handle.matchedRows ?? Int(clamping: mysql_stmt_affected_rows(handle))
      driver.endStatement()
    } else {
      state = .reading
    }
  }

  private func fetch() throws(DatabaseError) -> Bool {
    switch mysql_stmt_fetch(handle) {
    case 0, MYSQL_DATA_TRUNCATED: return true
    case MYSQL_NO_DATA:
      mysql_stmt_free_result(handle)
      state = .done
      driver?.endStatement()
      return false
    default: throw end(error())
    }
  }

  private func skipRows() {
    var skipped = 0
    var code: Int32 = 0
    while code == 0 || code == MYSQL_DATA_TRUNCATED {
      if skipped == Self.mostRowsToSkip { driver?.stopStatement() }
      code = mysql_stmt_fetch(handle)
      skipped += 1
    }
    let failure = code == MYSQL_NO_DATA ? nil : error()
    mysql_stmt_free_result(handle)
    state = .done
    if let failure { driver?.endStatement(failure) } else { driver?.endStatement() }
  }

  private func readColumns() {
    columns.removeAll(keepingCapacity: true)
    guard mysql_stmt_field_count(handle) > 0, let fields = mariadb_stmt_fetch_fields(handle) else { return }
    for index in 0..<Int(mysql_stmt_field_count(handle)) { columns.append(MySQLColumn(fields[index])) }
  }

  private func end(_ error: DatabaseError) -> DatabaseError {
    mysql_stmt_free_result(handle)
    state = .done
    return driver?.endStatement(error) ?? error
  }

  /// What failed while rows were read is told to the connection alone.
  private func error() -> DatabaseError {
    if mysql_stmt_errno(handle) == 0, let driver { return driver.handle.error(text) }
    return .mySQL(mysql_stmt_errno(handle), String(cString: mysql_stmt_error(handle)), sql: text)
  }
}
