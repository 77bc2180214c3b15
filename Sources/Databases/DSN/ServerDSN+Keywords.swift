extension ServerDSN {
  /// libpq's keyword form, `host=localhost port=5432 dbname=history password='two words'`. In quotes, and outside them,
  /// a backslash takes the next character as it is.
  ///
  /// nil for what is not of this form.
  init?(keywords dsn: String) throws(DSNError) {
    let first = dsn.drop { $0.isWhitespace }.prefix { $0 != "=" && !$0.isWhitespace }
    guard Self.leadingKeywords.contains(first.lowercased()), dsn.contains("=") else { return nil }
    let allowed = "name=value pairs with spaces between, values with spaces in single quotes"
    var rest = dsn[...].drop { $0.isWhitespace }
    while !rest.isEmpty {
      let name = rest.prefix { $0 != "=" && !$0.isWhitespace }
      rest = rest[name.endIndex...].drop { $0.isWhitespace }
      guard rest.popFirst() == "=" else { throw DSNError("has a word without a value", allowed: allowed) }
      rest = rest.drop { $0.isWhitespace }
      guard let value = Self.popValue(&rest) else { throw DSNError("has a quote that is not closed", allowed: allowed) }
      parameters.append(Parameter(name: String(name), value: value))
      rest = rest.drop { $0.isWhitespace }
    }
  }

  /// What a DSN of this form begins with, and no file's name does.
  private static let leadingKeywords: Set<String> = [
    "host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "service",
  ]

  /// nil when a quote is not closed.
  private static func popValue(_ rest: inout Substring) -> String? {
    let isQuoted = rest.hasPrefix("'")
    if isQuoted { rest.removeFirst() }
    var value = ""
    while let character = rest.first {
      if isQuoted ? character == "'" : character.isWhitespace { break }
      rest.removeFirst()
      guard character == "\\" else {
        value.append(character)
        continue
      }
      if let escaped = rest.popFirst() { value.append(escaped) }
    }
    if isQuoted, rest.popFirst() == nil { return nil }
    return value
  }
}
