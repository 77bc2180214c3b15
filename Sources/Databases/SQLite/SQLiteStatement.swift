import CSQLite
import Glibc

/// A prepared statement of SQLite. Freed by `finalize` or when it goes.
final class SQLiteStatement: Statement, CachedStatement {
  /// Values up to this size are copied here instead of into an allocation of SQLite's own.
  private static let inlineSize = 16
  /// SQLite takes a null pointer for NULL, and an empty slice may have one.
  private nonisolated(unsafe) static let emptyValue = ("" as StaticString).utf8Start

  let text: String
  var lastUse: UInt64 = 0
  var isInUse = false
  /// Hears of failures, for it decides whether the connection can go on.
  weak var owner: SQLiteDriver?

  private var handle: OpaquePointer?
  private let database: OpaquePointer
  private let parameterCount: Int32
  private let inlineValues: UnsafeMutableRawPointer
  /// What SQLite points into until the row is written.
  private var heldBytes: [ArraySlice<UInt8>] = []
  private var boundCount: Int32 = 0
  private var bindFailure: Int32 = SQLITE_OK
  private var isRunning = false
  private var changesBefore: Int64 = 0

  init(_ text: String, _ database: OpaquePointer, isCached: Bool) throws(DatabaseError) {
    self.text = text
    self.database = database
    var handle: OpaquePointer?
    var hasMore = false
    var text = text
    let flags = isCached ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    let code = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        var tail: UnsafePointer<CChar>?
        let code = sqlite3_prepare_v3(database, characters.baseAddress, Int32(characters.count), flags, &handle, &tail)
        if let tail, let start = characters.baseAddress {
          hasMore = characters[(tail - start)...].contains { !Self.isIgnorable($0) }
        }
        return code
      }
    }
    self.handle = handle
    parameterCount = sqlite3_bind_parameter_count(handle)
    inlineValues = .allocate(byteCount: Self.inlineSize * Int(max(1, parameterCount)), alignment: 8)
    guard code == SQLITE_OK else { throw .sqlite(code, database, sql: self.text) }
    guard handle != nil, !hasMore else { throw .misuse("one statement is expected", sql: self.text) }
  }

  deinit {
    sqlite3_finalize(handle)
    inlineValues.deallocate()
  }

  func finalize() {
    sqlite3_finalize(handle)
    handle = nil
  }

  var changes: Int {
    sqlite3_total_changes64(database) == changesBefore ? 0 : Int(sqlite3_changes64(database))
  }

  // MARK: Binds

  func bindInteger(_ value: Int64) { check(sqlite3_bind_int64(handle, next(), value)) }
  func bindReal(_ value: Double) { check(sqlite3_bind_double(handle, next(), value)) }
  func bindNull() { check(sqlite3_bind_null(handle, next())) }

  func bindText(_ value: String) {
    var value = value
    value.withUTF8 { bytes in
      let index = next()
      if let copy = inlineCopy(UnsafeRawBufferPointer(bytes), index) {
        check(sqlite3_bind_text64(handle, index, copy, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8)))
      } else {
        check(csqlite_bind_text_copied(handle, index, bytes.baseAddress, UInt64(bytes.count)))
      }
    }
  }

  func bindText(bytes: ArraySlice<UInt8>) {
    heldBytes.append(bytes)
    bytes.withUnsafeBufferPointer { bytes in
      let start = bytes.baseAddress ?? Self.emptyValue
      check(sqlite3_bind_text64(handle, next(), start, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8)))
    }
  }

  func bindBlob(_ bytes: ArraySlice<UInt8>) {
    heldBytes.append(bytes)
    bytes.withUnsafeBufferPointer { bytes in
      check(sqlite3_bind_blob64(handle, next(), bytes.baseAddress ?? Self.emptyValue, UInt64(bytes.count), nil))
    }
  }

  func bindID(high: UInt64, low: UInt64) {
    let index = next()
    guard index <= parameterCount else { return check(SQLITE_RANGE) }
    let place = inlinePlace(index)
    place.storeBytes(of: high.bigEndian, as: UInt64.self)
    place.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    check(sqlite3_bind_blob64(handle, index, place, 16, nil))
  }

  private func next() -> Int32 {
    boundCount += 1
    return boundCount
  }

  private func check(_ code: Int32) {
    if code != SQLITE_OK && bindFailure == SQLITE_OK { bindFailure = code }
  }

  private func inlinePlace(_ index: Int32) -> UnsafeMutableRawPointer {
    inlineValues + Self.inlineSize * Int(index - 1)
  }

  private func inlineCopy(_ bytes: UnsafeRawBufferPointer, _ index: Int32) -> UnsafePointer<CChar>? {
    guard bytes.count <= Self.inlineSize, index <= parameterCount else { return nil }
    let place = inlinePlace(index)
    if let start = bytes.baseAddress { place.copyMemory(from: start, byteCount: bytes.count) }
    return UnsafePointer(place.assumingMemoryBound(to: CChar.self))
  }

  // MARK: Running

  func step() throws(DatabaseError) -> Bool {
    if !isRunning { try beginRun() }
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw failure(code)
    }
  }

  func rewind() {
    sqlite3_reset(handle)
    heldBytes.removeAll(keepingCapacity: true)
    boundCount = 0
    bindFailure = SQLITE_OK
    isRunning = false
  }

  /// Rewinds and lets go of the values, or a cached statement would keep the last row's.
  func clear() {
    rewind()
    sqlite3_clear_bindings(handle)
  }

  private func failure(_ code: Int32) -> DatabaseError {
    let error = DatabaseError.sqlite(code, database, sql: text)
    return owner?.noted(error) ?? error
  }

  private func beginRun() throws(DatabaseError) {
    guard boundCount == parameterCount else {
      throw .misuse("\(boundCount) values for \(parameterCount) placeholders", sql: text)
    }
    guard bindFailure == SQLITE_OK else { throw .sqlite(bindFailure, database, sql: text) }
    isRunning = true
    changesBefore = sqlite3_total_changes64(database)
  }

  // MARK: The row in hand

  func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL }
  func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }
  func optionalInteger(_ column: Int) -> Int64? {
    // One look at the row instead of two. What is asked of the value next is allowed, for the connection has one thread.
    let value = sqlite3_column_value(handle, Int32(column))
    return sqlite3_value_type(value) == SQLITE_NULL ? nil : sqlite3_value_int64(value)
  }

  func isText(_ column: Int, _ text: StaticString) -> Bool {
    let value = value(column)
    guard let start = value.baseAddress else { return text.utf8CodeUnitCount == 0 && !isNull(column) }
    return value.count == text.utf8CodeUnitCount && memcmp(start, text.utf8Start, value.count) == 0
  }

  func append(_ column: Int, to bytes: inout [UInt8]) -> Bool {
    let value = sqlite3_column_value(handle, Int32(column))
    guard sqlite3_value_type(value) != SQLITE_NULL else { return false }
    if let start = sqlite3_value_blob(value) {
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value))))
    }
    return true
  }

  func real(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(column)) }

  func text(_ column: Int) -> String { String(decoding: value(column), as: UTF8.self) }

  func bytes(_ column: Int) -> ArraySlice<UInt8> { ArraySlice(value(column)) }

  func id(_ column: Int) -> (high: UInt64, low: UInt64)? {
    let value = value(column)
    guard value.count == 16 else { return nil }
    return (
      UInt64(bigEndian: value.loadUnaligned(as: UInt64.self)),
      UInt64(bigEndian: value.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// The value's bytes, valid until the next step. The pointer must be asked for before the length.
  private func value(_ column: Int) -> UnsafeRawBufferPointer {
    let start = sqlite3_column_blob(handle, Int32(column))
    return UnsafeRawBufferPointer(
      start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, Int32(column))))
  }

  private static func isIgnorable(_ character: CChar) -> Bool {
    switch UInt8(bitPattern: character) {
    case 9, 10, 13, 32, 59: true
    default: false
    }
  }
}
