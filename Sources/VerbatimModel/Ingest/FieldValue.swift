/// A field of a body under the name by which errors call it: typed reads that say what is wrong.
///
/// Null counts as absent everywhere.
struct FieldValue {
  let name: String
  /// nil for an absent field.
  let value: JSONSlice?

  init(_ name: String, _ value: JSONSlice?) {
    self.name = name
    self.value = value?.isNull == true ? nil : value
  }

  var isPresent: Bool { value != nil }

  var isEmptyString: Bool { value?.string?.isEmpty ?? false }

  /// The text as it is, of any length; nil when absent.
  func text() throws(InvalidExchange) -> JSONText? {
    guard let value else { return nil }
    guard let text = value.string else { throw .wrongType(name, expected: "a string") }
    return text
  }

  /// A text that has to be there and to say something.
  func requiredText() throws(InvalidExchange) -> JSONText {
    guard let text = try text() else { throw .missing(name) }
    if text.isEmpty { throw .empty(name) }
    return text
  }

  /// A bounded text that can be compared byte by byte.
  func requiredID(limit: Int) throws(InvalidExchange) -> String {
    try checked(requiredText(), limit: limit)
  }

  /// As `requiredID`; where there is `only` one that it may name, that one, also when absent or empty.
  func requiredID(limit: Int, only allowed: String?) throws(InvalidExchange) -> String {
    guard let allowed else { return try requiredID(limit: limit) }
    guard let id = try id(limit: limit) else { return allowed }
    guard id.utf8.elementsEqual(allowed.utf8) else { throw .foreign(field: name) }
    return id
  }

  /// As `requiredID`, nil when absent or empty.
  func id(limit: Int) throws(InvalidExchange) -> String? {
    guard let text = try text(), !text.isEmpty else { return nil }
    return try checked(text, limit: limit)
  }

  /// nil when absent.
  func number(within range: ClosedRange<Double>) throws(InvalidExchange) -> Double? {
    guard let value else { return nil }
    guard let number = value.double, range.contains(number) else {
      throw .wrongType(name, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// nil when absent.
  func integer(within range: ClosedRange<Int64>) throws(InvalidExchange) -> Int64? {
    guard let value else { return nil }
    guard let number = value.integer, range.contains(number) else {
      throw .wrongType(name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// nil when absent.
  func boolean() throws(InvalidExchange) -> Bool? {
    guard let value else { return nil }
    guard let boolean = value.boolean else { throw .wrongType(name, expected: "true or false") }
    return boolean
  }

  func array(limit: Int) throws(InvalidExchange) -> [JSONSlice] {
    guard let value else { return [] }
    guard value.kind == .array else { throw .wrongType(name, expected: "a JSON array") }
    var elements: [JSONSlice] = []
    for element in value.elements {
      if elements.count == limit { throw .tooMany(name, limit: limit) }
      elements.append(element)
    }
    return elements
  }

  func object(limit: Int = IngestLimits.objectSize) throws(InvalidExchange) -> JSONSlice? {
    guard let value else { return nil }
    guard value.kind == .object else { throw .wrongType(name, expected: "a JSON object") }
    if value.bytes.count > limit { throw .tooLarge(name, limit: limit) }
    return value
  }

  /// One of an enumeration's words; nil when absent.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(_: Choice.Type) throws(InvalidExchange) -> Choice? {
    guard let text = try text() else { return nil }
    if let choice = Choice(rawValue: text.string) { return choice }
    throw .invalid(field: name, reason: "must be one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
  }

  private func checked(_ text: JSONText, limit: Int) throws(InvalidExchange) -> String {
    guard text.isExact else { throw .invalid(field: name, reason: "must not hold NUL or lone surrogates") }
    if text.isLonger(than: limit) { throw .tooLong(name, limit: limit) }
    return text.string
  }
}
