import CPostgres

/// What the server answered: an end, a failure, or one row.
final class PostgresResult {
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { PQclear(handle) }

  var status: ExecStatusType { PQresultStatus(handle) }

  /// Bytes in memory.
  var size: Int { PQresultMemorySize(handle) }

  /// Rows inserted, updated, deleted or copied; 0 for every other statement.
  var changes: Int {
    guard let command = PQcmdStatus(handle), let count = PQcmdTuples(handle) else { return 0 }
    let tag = String(cString: command)
    guard ["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"].contains(where: tag.hasPrefix) else { return 0 }
    return Int(String(cString: count)) ?? 0
  }

  /// Types of the parameters of a statement that was described.
  var parameterTypes: [PostgresType] {
    (0..<PQnparams(handle)).map { PostgresType(rawValue: PQparamtype(handle, $0)) }
  }

  var columnTypes: [PostgresType] { (0..<PQnfields(handle)).map { PostgresType(rawValue: PQftype(handle, $0)) } }

  /// The bytes of the row's column, nil for null; valid as long as this is.
  func value(_ column: Int) -> UnsafeRawBufferPointer? {
    let column = Int32(column)
    guard PQgetisnull(handle, 0, column) == 0, let start = PQgetvalue(handle, 0, column) else { return nil }
    return UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(handle, 0, column)))
  }

  // MARK: Failures

  /// Five letters and digits: https://www.postgresql.org/docs/current/errcodes-appendix.html
  var sqlState: String? { field("C") }
  /// `ERROR`, `FATAL` or `PANIC`, in English.
  var severity: String? { field("V") }
  var message: String? { field("M") }
  /// The name of the server's function that complained.
  var origin: String? { field("R") }

  /// Everything that is said of the failure, for those that the server did not send.
  var wholeMessage: String { PQresultErrorMessage(handle).map { String(cString: $0) } ?? "" }

  private func field(_ code: Unicode.Scalar) -> String? {
    PQresultErrorField(handle, Int32(code.value)).map { String(cString: $0) }
  }
}
