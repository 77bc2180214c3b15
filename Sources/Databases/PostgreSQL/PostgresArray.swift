/// The values of one column of many rows, as a one-dimensional array in its binary form: a header, then each value
/// behind its length.
final class PostgresArray {
  /// Dimensions, whether there are nulls, the type of the elements, their count, the number of the first.
  private static let headerSize = 20

  private let type: BulkInsert.ColumnType
  private let element: PostgresType
  private var values = PostgresValues(headerSize: PostgresArray.headerSize)

  init(of type: BulkInsert.ColumnType) {
    self.type = type
    element = PostgresType.array(of: type).element
  }

  var size: Int { values.size }

  /// A value was of another type than the column.
  var isMistyped: Bool { values.isMistyped }

  func removeAll() { values.removeAll() }

  /// The whole array, valid until the next value comes.
  var pointer: UnsafePointer<CChar> {
    let header: [Int32] = [
      1, values.hasNull ? 1 : 0, Int32(bitPattern: element.rawValue), Int32(values.count), 1,
    ]
    for (index, field) in header.enumerated() { values.setHeader(field, at: 4 * index) }
    return UnsafePointer(values.start.assumingMemoryBound(to: CChar.self))
  }

  func appendNull() { values.appendNull() }
  func append(_ value: Int64) { values.append(value, as: type) }
  func append(_ value: Double) { values.append(value, as: type) }
  func append(text: UnsafeRawBufferPointer) { values.append(text: text, as: type) }
  func append(blob: UnsafeRawBufferPointer) { values.append(blob: blob, as: type) }
  func append(id high: UInt64, _ low: UInt64) { values.append(id: high, low, as: type) }
}
