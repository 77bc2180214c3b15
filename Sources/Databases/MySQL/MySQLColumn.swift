import CMariaDB

/// How a column of a result comes over the wire.
struct MySQLColumn {
  enum Kind {
    case integer, real
    /// Texts, blobs, decimals, JSON: their bytes are what they are.
    case bytes
    /// BIT: bytes, the highest first.
    case bits
    /// Dates and times, which the client library writes out.
    case time
  }

  let kind: Kind
  let isUnsigned: Bool

  init(_ field: MYSQL_FIELD) {
    isUnsigned = field.flags & CMARIADB_UNSIGNED != 0
    kind =
      switch field.type {
      case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_LONG, MYSQL_TYPE_LONGLONG, MYSQL_TYPE_INT24, MYSQL_TYPE_YEAR:
        .integer
      case MYSQL_TYPE_FLOAT, MYSQL_TYPE_DOUBLE: .real
      case MYSQL_TYPE_BIT: .bits
      case MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_DATETIME, MYSQL_TYPE_DATE, MYSQL_TYPE_TIME, MYSQL_TYPE_NEWDATE,
        MYSQL_TYPE_TIMESTAMP2, MYSQL_TYPE_DATETIME2, MYSQL_TYPE_TIME2:
        .time
      default: .bytes
      }
  }
}

/// The row in hand. Values are fetched when they are asked for, at their own size.
extension MySQLStatement {
  /// Room for any number or time as text.
  private static var longestNumber: Int { 320 }

  func isNull(_ column: Int) -> Bool { !isThere(column) }

  /// Numbers beyond Int64 are the nearest there is; texts are read as far as they are a number.
  func integer(_ column: Int) -> Int64 {
    guard columns.indices.contains(column) else { return 0 }
    if columns[column].kind == .bits { return bits(column) }
    let number = number(column, MYSQL_TYPE_LONGLONG, 0 as Int64)
    return columns[column].isUnsigned && number < 0 ? .max : number
  }

  func real(_ column: Int) -> Double {
    guard columns.indices.contains(column), columns[column].kind != .bits else { return Double(integer(column)) }
    return number(column, MYSQL_TYPE_DOUBLE, 0 as Double)
  }

  func text(_ column: Int) -> String {
    guard let length = length(of: column) else { return "" }
    return String(unsafeUninitializedCapacity: length) { copy(column, to: UnsafeMutableRawBufferPointer($0)) }
  }

  func bytes(_ column: Int) -> ArraySlice<UInt8> {
    guard let length = length(of: column) else { return [] }
    return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      count = copy(column, to: UnsafeMutableRawBufferPointer(buffer))
    }[...]
  }

  func id(_ column: Int) -> (high: UInt64, low: UInt64)? {
    guard length(of: column) == 16 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    let count = withUnsafeMutableBytes(of: &halves) { copy(column, to: $0) }
    return count == 16 ? (UInt64(bigEndian: halves.0), UInt64(bigEndian: halves.1)) : nil
  }

  // MARK: Fetching

  /// False for null, and for a column that does not exist.
  private func fetch(_ column: Int, _ bind: inout MYSQL_BIND) -> Bool {
    guard columns.indices.contains(column) else { return false }
    var isNull: CChar = 0
    let code = withUnsafeMutablePointer(to: &isNull) { isNull in
      bind.is_null = isNull
      return mysql_stmt_fetch_column(handle, &bind, UInt32(column), 0)
    }
    return code == 0 && isNull == 0
  }

  private func number<Number: BitwiseCopyable>(_ column: Int, _ type: enum_field_types, _ none: Number) -> Number {
    var number = none
    var bind = MYSQL_BIND()
    bind.buffer_type = type
    bind.is_unsigned = 0
    let isThere = withUnsafeMutableBytes(of: &number) { buffer in
      bind.buffer = buffer.baseAddress
      bind.buffer_length = UInt(buffer.count)
      return fetch(column, &bind)
    }
    return isThere ? number : none
  }

  private func bits(_ column: Int) -> Int64 {
    bytes(column).reduce(0) { $0 << 8 | Int64($1) }
  }

  /// The client library is not asked to write a number into no room at all.
  private func isThere(_ column: Int) -> Bool {
    var room: UInt64 = 0
    var bind = MYSQL_BIND()
    guard columns.indices.contains(column) else { return false }
    switch columns[column].kind {
    case .integer: bind.buffer_type = MYSQL_TYPE_LONGLONG
    case .real: bind.buffer_type = MYSQL_TYPE_DOUBLE
    case .bytes, .bits, .time: bind.buffer_type = MYSQL_TYPE_STRING
    }
    return withUnsafeMutableBytes(of: &room) { room in
      bind.buffer = room.baseAddress
      bind.buffer_length = UInt(room.count)
      return fetch(column, &bind)
    }
  }

  /// Bytes of the value as text or blob; nil for null. Numbers and times are only known once written out.
  private func length(of column: Int) -> Int? {
    guard columns.indices.contains(column) else { return nil }
    switch columns[column].kind {
    case .integer, .real, .time: return isThere(column) ? Self.longestNumber : nil
    case .bytes, .bits: break
    }
    var bind = MYSQL_BIND()
    var length: UInt = 0
    bind.buffer_type = MYSQL_TYPE_STRING
    let isThere = withUnsafeMutablePointer(to: &length) { length in
      bind.length = length
      return fetch(column, &bind)
    }
    return isThere ? Int(length) : nil
  }

  /// How many bytes were written.
  private func copy(_ column: Int, to buffer: UnsafeMutableRawBufferPointer) -> Int {
    var bind = MYSQL_BIND()
    var length: UInt = 0
    bind.buffer_type = MYSQL_TYPE_STRING
    bind.buffer = buffer.baseAddress
    bind.buffer_length = UInt(buffer.count)
    let isThere = withUnsafeMutablePointer(to: &length) { length in
      bind.length = length
      return fetch(column, &bind)
    }
    return isThere ? min(Int(length), buffer.count) : 0
  }
}
