import CSimdjson

extension JSONSlice {
  /// The nearest double; nil unless it is a number within a double's range.
  package var double: Double? {
    guard kind == .number else { return nil }
    return Self.double(bytes)
  }

  /// The number as an integer, also from `12.0` and `1e3`; nil where it is not one exactly, or not within 64 bits.
  package var integer: Int64? {
    guard kind == .number, Self.isNumber(bytes) else { return nil }
    return DecimalNumber(bytes).integer
  }

  /// The number's text where it is an integer of any size, written without point and exponent.
  var integerLiteral: Bytes? {
    guard kind == .number, Self.isNumber(bytes) else { return nil }
    let isDigits = bytes.allSatisfy { $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return isDigits ? bytes : nil
  }

  /// A number, or a string that holds nothing but a JSON number.
  var lenientDouble: Double? {
    if kind == .number { return Self.double(bytes) }
    guard let text = string?.bytes, Self.isNumber(text) else { return nil }
    return Self.double(text)
  }

  private static func isNumber(_ text: Bytes) -> Bool {
    text.withUnsafeBufferPointer { json_is_number($0.baseAddress, $0.count) }
  }

  private static func double(_ text: Bytes) -> Double? {
    var value = 0.0
    let isFinite = text.withUnsafeBufferPointer { json_double($0.baseAddress, $0.count, &value) }
    return isFinite ? value : nil
  }
}

/// A JSON number's digits without its point, and the power of ten they are multiplied with.
private struct DecimalNumber {
  private var isNegative = false
  /// Without leading zeros.
  private var digits: ArraySlice<UInt8> = []
  /// nil where it does not fit.
  private var exponent: Int?

  init(_ text: Bytes) {
    var text = text
    if text.first == UInt8(ascii: "-") {
      isNegative = true
      text.removeFirst()
    }
    let mantissa = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
    let power = text[mantissa.endIndex...].dropFirst()
    exponent = power.isEmpty ? 0 : Int(power.string)
    if let point = mantissa.firstIndex(of: UInt8(ascii: ".")) {
      let fraction = mantissa[(point + 1)...]
      digits = (mantissa[..<point] + fraction)
      exponent = exponent.map { $0.subtractingReportingOverflow(fraction.count).partialValue }
    } else {
      digits = mantissa
    }
    digits = digits.drop { $0 == UInt8(ascii: "0") }
  }

  var integer: Int64? {
    guard !digits.isEmpty else { return 0 }
    guard var exponent else { return nil }
    var significant = digits
    while exponent < 0, significant.last == UInt8(ascii: "0") {
      significant.removeLast()
      exponent += 1
    }
    guard exponent >= 0, significant.count <= 19, exponent <= 19 - significant.count else { return nil }
    var value: Int64 = 0
    for digit in significant + Array(repeating: UInt8(ascii: "0"), count: exponent) {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      // Counted downwards, since the lowest Int64 has no positive counterpart.
      let (sum, borrow) = shifted.subtractingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
      if overflow || borrow { return nil }
      value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }
}
