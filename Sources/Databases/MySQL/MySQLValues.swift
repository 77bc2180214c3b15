import CMariaDB

/// Values on their way to the server, in the order in which they were bound: those of a statement, or those of many
/// rows one after the other.
final class MySQLValues: ValueSink {
  enum Kind: UInt8 {
    case null, integer, real, text, blob

    /// Whether its bytes are not in the value itself.
    var isHeldApart: Bool { self == .text || self == .blob }
  }

  struct Value {
    var kind: Kind
    /// The number's bits, or where in `bytes` a text or blob begins.
    var bits: UInt64
    var length: UInt
  }

  /// Memory that is given back once what needed it is sent.
  private static let keptCapacity = 1 << 20

  private(set) var values: [Value] = []
  private var bytes: UnsafeMutableRawPointer
  private var capacity: Int
  private var used = 0

  init() {
    capacity = 256
    bytes = .allocate(byteCount: capacity, alignment: 8)
  }

  deinit { bytes.deallocate() }

  var count: Int { values.count }

  /// What values take of a message, at most: nine bytes for a number or the length of a text.
  func messageSize(of range: Range<Int>) -> Int {
    values[range].reduce(0) { $0 + 9 + ($1.kind.isHeldApart ? Int($1.length) : 0) }
  }

  func removeAll() {
    values.removeAll(keepingCapacity: capacity <= Self.keptCapacity)
    used = 0
    guard capacity > Self.keptCapacity else { return }
    bytes.deallocate()
    capacity = 256
    bytes = .allocate(byteCount: capacity, alignment: 8)
  }

  /// Where the bytes of a text or blob are, until more is bound. Never null: the client library takes that for NULL.
  func start(of value: Value) -> UnsafeMutableRawPointer { bytes + Int(value.bits) }

  // MARK: Binds

  func bindInteger(_ value: Int64) {
    values.append(Value(kind: .integer, bits: UInt64(bitPattern: value), length: 8))
  }

  func bindReal(_ value: Double) { values.append(Value(kind: .real, bits: value.bitPattern, length: 8)) }

  func bindNull() { values.append(Value(kind: .null, bits: 0, length: 0)) }

  func bindText(_ value: String) {
    var value = value
    value.withUTF8 { append(.text, UnsafeRawBufferPointer($0)) }
  }

  func bindText(bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { append(.text, $0) } }

  func bindBlob(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { append(.blob, $0) } }

  func bindID(high: UInt64, low: UInt64) {
    withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { append(.blob, $0) }
  }

  private func append(_ kind: Kind, _ source: UnsafeRawBufferPointer) {
    values.append(Value(kind: kind, bits: UInt64(used), length: UInt(source.count)))
    if used + source.count > capacity { grow(to: used + source.count) }
    if let start = source.baseAddress { (bytes + used).copyMemory(from: start, byteCount: source.count) }
    used += source.count
  }

  private func grow(to size: Int) {
    let grown = max(size, 2 * capacity)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 8)
    larger.copyMemory(from: bytes, byteCount: used)
    bytes.deallocate()
    (bytes, capacity) = (larger, grown)
  }

  // MARK: Handing over

  /// One bind a value, for `body` alone.
  func withBinds<Result>(of range: Range<Int>, _ body: (UnsafeMutablePointer<MYSQL_BIND>) -> Result) -> Result {
    let binds = UnsafeMutablePointer<MYSQL_BIND>.allocate(capacity: max(1, range.count))
    defer { binds.deallocate() }
    return values.withUnsafeMutableBufferPointer { values in
      for (index, value) in zip(0..., values[range].indices) {
        binds[index] = MYSQL_BIND()
        binds[index].buffer_type = values[value].kind.type
        switch values[value].kind {
        case .null: break
        case .integer, .real:
          binds[index].buffer = UnsafeMutableRawPointer(values.baseAddress.map { $0 + value })?
            .advanced(by: Value.bitsOffset)
        case .text, .blob:
          binds[index].buffer = bytes + Int(values[value].bits)
          binds[index].buffer_length = values[value].length
        }
      }
      return body(binds)
    }
  }
}

extension MySQLValues.Value {
  fileprivate static let bitsOffset = MemoryLayout<Self>.offset(of: \.bits) ?? 0
}

extension MySQLValues.Kind {
  var type: enum_field_types {
    switch self {
    case .null: MYSQL_TYPE_NULL
    case .integer: MYSQL_TYPE_LONGLONG
    case .real: MYSQL_TYPE_DOUBLE
    case .text: MYSQL_TYPE_STRING
    case .blob: MYSQL_TYPE_BLOB
    }
  }
}
