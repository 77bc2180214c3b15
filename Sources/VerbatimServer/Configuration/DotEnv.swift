/// The lines of a `.env` file: `NAME=value`, `export NAME=value`, quotes, comments.
package enum DotEnv {
  package static func parse(_ text: String) throws(ConfigurationError) -> [String: String] {
    var values: [String: String] = [:]
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
    var number = 0
    while let first = lines.popFirst() {
      number += 1
      var line = first.trimmingSpaces()
      if line.isEmpty || line.hasPrefix("#") { continue }
      if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingSpaces() }
      guard let equals = line.firstIndex(of: "="), isName(line[..<equals].trimmingSpaces()) else {
        throw ConfigurationError(".env line \(number): expected NAME=value")
      }
      let name = String(line[..<equals].trimmingSpaces())
      let rest = line[line.index(after: equals)...].trimmingSpaces()
      guard let quote = rest.first, quote == "\"" || quote == "'" else {
        values[name] = String(withoutComment(rest))
        continue
      }
      var body = String(rest.dropFirst())
      let start = number
      while quotedValue(body, quote) == nil {
        guard let next = lines.popFirst() else {
          throw ConfigurationError(".env line \(start): the quote is never closed")
        }
        number += 1
        body += "\n" + next
      }
      values[name] = quotedValue(body, quote)
    }
    return values
  }

  private static func isName(_ text: some StringProtocol) -> Bool {
    guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
    return text.unicodeScalars.allSatisfy {
      $0 == "_" || ("A"..."Z").contains($0) || ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "."
    }
  }

  private static func withoutComment(_ text: Substring) -> Substring {
    if text.hasPrefix("#") { return "" }
    guard let mark = text.firstRange(of: " #")?.lowerBound else { return text }
    return text[..<mark].trimmingSpaces()
  }

  /// What stands before the closing quote; nil when it has not come yet. Only double quotes know escapes.
  private static func quotedValue(_ text: String, _ quote: Character) -> String? {
    var value = ""
    var characters = text.makeIterator()
    while let character = characters.next() {
      if character == quote { return value }
      guard character == "\\", quote == "\"" else {
        value.append(character)
        continue
      }
      guard let escaped = characters.next() else { return nil }
      switch escaped {
      case "n": value.append("\n")
      case "t": value.append("\t")
      case "\"", "\\", "$": value.append(escaped)
      default: value += "\\" + String(escaped)
      }
    }
    return nil
  }
}
