/// Values in PostgreSQL's binary form, each behind its length, in memory that grows with them.
///
/// Integers and reals are 8 bytes, the most significant first, ids 16; text and bytes are themselves.
struct PostgresValues: ~Copyable {
  /// A buffer larger than this is not kept for the next rows.
  private static let keptSize = 1 << 20
  private static let firstCapacity = 1024

  private let headerSize: Int
  private(set) var start: UnsafeMutableRawPointer
  private var capacity = PostgresValues.firstCapacity
  private(set) var count = 0
  private(set) var hasNull = false
  /// Header and values.
  private(set) var size: Int
  /// A value was of another type than its column.
  private(set) var isMistyped = false

  /// Leaves room for a header, which `setHeader` fills.
  init(headerSize: Int) {
    self.headerSize = headerSize
    size = headerSize
    start = .allocate(byteCount: capacity, alignment: 8)
  }

  deinit { start.deallocate() }

  mutating func removeAll() {
    (count, hasNull, size, isMistyped) = (0, false, headerSize, false)
    guard capacity > Self.keptSize else { return }
    start.deallocate()
    capacity = Self.firstCapacity
    start = .allocate(byteCount: capacity, alignment: 8)
  }

  func setHeader(_ value: Int32, at offset: Int) {
    start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Int32.self)
  }

  /// Bytes that are no value.
  mutating func append(mark bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
      reserve(bytes.count)
      append(bytes)
    }
  }

  mutating func appendNull() {
    hasNull = true
    begin(length: -1)
  }

  mutating func append(_ value: Int64, as type: BulkInsert.ColumnType) {
    switch type {
    case .integer: appendFixed(value)
    case .real: appendFixed(Double(value).bitPattern)
    case .text, .blob, .id: isMistyped = true
    }
  }

  mutating func append(_ value: Double, as type: BulkInsert.ColumnType) {
    if type == .real { appendFixed(value.bitPattern) } else { isMistyped = true }
  }

  mutating func append(text: UnsafeRawBufferPointer, as type: BulkInsert.ColumnType) {
    if type == .text { appendBytes(text) } else { isMistyped = true }
  }

  mutating func append(blob: UnsafeRawBufferPointer, as type: BulkInsert.ColumnType) {
    if type == .blob || (type == .id && blob.count == 16) { appendBytes(blob) } else { isMistyped = true }
  }

  mutating func append(id high: UInt64, _ low: UInt64, as type: BulkInsert.ColumnType) {
    guard type == .id || type == .blob else { return isMistyped = true }
    begin(length: 16)
    place(high)
    place(low)
  }

  private mutating func appendFixed(_ value: some FixedWidthInteger) {
    begin(length: Int32(value.bitWidth / 8))
    place(value)
  }

  private mutating func appendBytes(_ bytes: UnsafeRawBufferPointer) {
    begin(length: Int32(clamping: bytes.count))
    append(bytes)
  }

  /// The length of the value that comes, or -1 for null; makes room for it.
  private mutating func begin(length: Int32) {
    reserve(4 + Int(max(0, length)))
    count += 1
    place(length)
  }

  private mutating func place(_ value: some FixedWidthInteger) {
    start.storeBytes(of: value.bigEndian, toByteOffset: size, as: Swift.type(of: value))
    size += value.bitWidth / 8
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if let first = bytes.baseAddress { (start + size).copyMemory(from: first, byteCount: bytes.count) }
    size += bytes.count
  }

  private mutating func reserve(_ count: Int) {
    guard size + count > capacity else { return }
    let newCapacity = max(size + count, 2 * capacity)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 8)
    larger.copyMemory(from: start, byteCount: size)
    start.deallocate()
    (start, capacity) = (larger, newCapacity)
  }
}
