/// A `numeric`, which may be as long as it likes: digits to the base 10,000, read from its binary form.
struct PostgresNumeric: CustomStringConvertible {
  private static let negative: UInt16 = 0x4000
  private static let notANumber: UInt16 = 0xc000
  private static let positiveInfinity: UInt16 = 0xd000
  private static let negativeInfinity: UInt16 = 0xf000

  /// As the server writes it.
  let description: String

  init(_ bytes: UnsafeRawBufferPointer) {
    let sign: UInt16 = bytes.bigEndian(at: 4)
    switch sign {
    case Self.notANumber: description = "NaN"
    case Self.positiveInfinity: description = "Infinity"
    case Self.negativeInfinity: description = "-Infinity"
    default: description = (sign == Self.negative ? "-" : "") + Self.digits(bytes)
    }
  }

  /// Header: how many groups there are, the power of 10,000 of the first, the sign, the digits behind the point.
  private static func digits(_ bytes: UnsafeRawBufferPointer) -> String {
    let count = Int(bytes.bigEndian(at: 0) as Int16)
    let weight = Int(bytes.bigEndian(at: 2) as Int16)
    let scale = Int(bytes.bigEndian(at: 6) as Int16)
    func group(_ power: Int) -> String {
      let index = weight - power
      let value: Int16 = index >= 0 && index < count ? bytes.bigEndian(at: 8 + 2 * index) : 0
      let text = String(value)
      return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }
    let whole = stride(from: max(weight, 0), through: 0, by: -1).map(group).joined().drop { $0 == "0" }
    guard scale > 0 else { return whole.isEmpty ? "0" : String(whole) }
    let fraction = (1...((scale + 3) / 4)).map { group(-$0) }.joined().prefix(scale)
    return (whole.isEmpty ? "0" : String(whole)) + "." + fraction
  }
}
