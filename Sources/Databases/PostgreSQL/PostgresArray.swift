import Glibc

/// The values of one column of many rows, as a one-dimensional array in its binary form: a header, then each value
/// behind its length.
final class PostgresArray {
  /// Dimensions, whether there are nulls, the type of the elements, their count, the number of the first.
  private static let headerSize = 20
  /// A buffer larger than this is not kept for the next rows.
  private static let keptSize = 1 << 20

  private let type: BulkInsert.ColumnType
  private let element: PostgresType
  private var storage: UnsafeMutableRawPointer
  private var capacity = 1024
  private var count = 0
  private var hasNull = false
  private(set) var size = PostgresArray.headerSize
  /// A value was of another type than the column.
  private(set) var isMistyped = false

  init(of type: BulkInsert.ColumnType) {
    self.type = type
    element = PostgresType.array(of: type).element
    storage = .allocate(byteCount: capacity, alignment: 8)
  }

  deinit { storage.deallocate() }

  func removeAll() {
    (count, hasNull, size, isMistyped) = (0, false, Self.headerSize, false)
    guard capacity > Self.keptSize else { return }
    storage.deallocate()
    capacity = 1024
    storage = .allocate(byteCount: capacity, alignment: 8)
  }

  /// The whole array, valid until the next value comes.
  var pointer: UnsafePointer<CChar> {
    let header: [Int32] = [1, hasNull ? 1 : 0, Int32(bitPattern: element.rawValue), Int32(count), 1]
    for (index, field) in header.enumerated() {
      storage.storeBytes(of: field.bigEndian, toByteOffset: 4 * index, as: Int32.self)
    }
    return UnsafePointer(storage.assumingMemoryBound(to: CChar.self))
  }

  func appendNull() {
    hasNull = true
    begin(length: -1)
  }

  func append(_ value: Int64) {
    switch type {
    case .integer: appendFixed(value)
    case .real: appendFixed(Double(value).bitPattern)
    case .text, .blob, .id: isMistyped = true
    }
  }

  func append(_ value: Double) {
    if type == .real { appendFixed(value.bitPattern) } else { isMistyped = true }
  }

  func append(text: UnsafeRawBufferPointer) {
    if type == .text { appendBytes(text) } else { isMistyped = true }
  }

  func append(blob: UnsafeRawBufferPointer) {
    if type == .blob || (type == .id && blob.count == 16) { appendBytes(blob) } else { isMistyped = true }
  }

  func append(id high: UInt64, _ low: UInt64) {
    guard type == .id || type == .blob else { return isMistyped = true }
    begin(length: 16)
    place(high)
    place(low)
  }

  private func appendFixed(_ value: some FixedWidthInteger) {
    begin(length: Int32(value.bitWidth / 8))
    place(value)
  }

  private func appendBytes(_ bytes: UnsafeRawBufferPointer) {
    begin(length: Int32(clamping: bytes.count))
    if let start = bytes.baseAddress { (storage + size).copyMemory(from: start, byteCount: bytes.count) }
    size += bytes.count
  }

  /// The length of the value that comes, or -1 for null; makes room for it.
  private func begin(length: Int32) {
    let needed = size + 4 + Int(max(0, length))
    if needed > capacity { grow(to: max(needed, 2 * capacity)) }
    count += 1
    place(length)
  }

  private func place(_ value: some FixedWidthInteger) {
    storage.storeBytes(of: value.bigEndian, toByteOffset: size, as: Swift.type(of: value))
    size += value.bitWidth / 8
  }

  private func grow(to newCapacity: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 8)
    larger.copyMemory(from: storage, byteCount: size)
    storage.deallocate()
    (storage, capacity) = (larger, newCapacity)
  }
}
