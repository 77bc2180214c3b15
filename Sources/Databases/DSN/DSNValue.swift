/// Parsers of a DSN's parameters; each says what it allows, and repeats no value.
enum DSNValue {
  static func flag(_ parameter: ServerDSN.Parameter) throws(DSNError) -> Bool {
    switch parameter.value.lowercased() {
    case "true", "1", "on", "yes": return true
    case "false", "0", "off", "no": return false
    default: throw wrong(parameter, allowed: "true or false")
    }
  }

  static func integer(_ parameter: ServerDSN.Parameter, _ range: ClosedRange<Int>) throws(DSNError) -> Int {
    guard let number = Int(parameter.value), range.contains(number) else {
      throw wrong(parameter, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Up to a day: seconds (`10`), or as Go writes it (`1m30s`, `500ms`).
  static func duration(_ parameter: ServerDSN.Parameter) throws(DSNError) -> Duration {
    let allowed = "up to a day, as 10 (seconds), 10s, 500ms or 1m30s"
    if let seconds = Int(parameter.value), (0...86_400).contains(seconds) { return .seconds(seconds) }
    var total = Duration.zero
    var rest = parameter.value[...]
    while !rest.isEmpty {
      let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
      let unit = rest[digits.endIndex...].prefix { !("0"..."9").contains($0) }
      rest = rest[unit.endIndex...]
      guard let number = Double(digits), number <= 86_400_000, let length = Self.units[String(unit)] else {
        throw wrong(parameter, allowed: allowed)
      }
      total += length * number
    }
    guard !parameter.value.isEmpty, total <= .seconds(86_400) else { throw wrong(parameter, allowed: allowed) }
    return total
  }

  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ parameter: ServerDSN.Parameter, of _: Choice.Type
  ) throws(DSNError) -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: parameter.value.lowercased()) else {
      throw wrong(parameter, allowed: Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  static func wrong(_ parameter: ServerDSN.Parameter, allowed: String) -> DSNError {
    DSNError("has a \(parameter.name) that is not right", allowed: allowed)
  }

  private static let units: [String: Duration] = [
    "us": .microseconds(1), "ms": .milliseconds(1), "s": .seconds(1), "m": .seconds(60), "h": .seconds(3600),
  ]
}
