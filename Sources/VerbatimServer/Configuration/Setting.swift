import Databases
import HTTP

/// One line of the table of settings; help, documentation and parsing all come from it.
package struct Setting: Sendable {
  /// The environment variable.
  package let name: String
  /// `--host`; nil where the environment alone sets it.
  package let argument: String?
  /// How the argument's value is called in help: `PORT`.
  package let placeholder: String
  /// As it would be typed; empty when unset.
  package let standard: String
  package let help: String
  /// Whether the value is a DSN, which is never shown whole.
  package let isDSN: Bool
  /// Whether the value is a key, which is never shown at all.
  package let isSecret: Bool
  let apply: @Sendable (String, inout Configuration) throws(SettingError) -> Void

  init(
    _ name: String, _ argument: String?, _ placeholder: String, standard: String = "", isDSN: Bool = false,
    isSecret: Bool = false, _ help: String,
    apply: @escaping @Sendable (String, inout Configuration) throws(SettingError) -> Void
  ) {
    self.name = name
    self.argument = argument
    self.placeholder = placeholder
    self.standard = standard
    self.help = help
    self.isDSN = isDSN
    self.isSecret = isSecret
    self.apply = apply
  }

  /// A value as logs and messages may have it.
  func shown(_ value: String) -> String {
    if isSecret { return "(hidden)" }
    return isDSN ? Engine.redacted(dsn: value) : value
  }
}

/// What is wrong with a setting's value, and what would be right.
package struct SettingError: Error, Sendable, Equatable {
  let problem: String
  let allowed: String

  init(_ problem: String, allowed: String) {
    self.problem = problem
    self.allowed = allowed
  }
}

/// Parsers of values; each says what it allows.
enum Value {
  static func flag(_ text: String) throws(SettingError) -> Bool {
    switch text.lowercased() {
    case "true", "1", "on", "yes": return true
    case "false", "0", "off", "no": return false
    default: throw SettingError("is not a switch", allowed: "true or false")
    }
  }

  static func integer(_ text: String, _ range: ClosedRange<Int>) throws(SettingError) -> Int {
    let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let number = Int(text) else { throw SettingError("is not a whole number", allowed: allowed) }
    guard range.contains(number) else { throw SettingError("is out of range", allowed: allowed) }
    return number
  }

  static func seconds(_ text: String, _ range: ClosedRange<Int>) throws(SettingError) -> Duration {
    .seconds(try integer(text, range))
  }

  /// Days; nil for 0, which keeps everything.
  static func retention(_ text: String) throws(SettingError) -> Int? {
    let days = try integer(text, 0...36_500)
    return days == 0 ? nil : days
  }

  static func decimal(_ text: String, _ range: ClosedRange<Double>) throws(SettingError) -> Double {
    let allowed = "a number from \(range.lowerBound) to \(range.upperBound)"
    guard let number = Double(text), number.isFinite else { throw SettingError("is not a number", allowed: allowed) }
    guard range.contains(number) else { throw SettingError("is out of range", allowed: allowed) }
    return number
  }

  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String, of _: Choice.Type
  ) throws(SettingError) -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text.lowercased()) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw SettingError("is not one of the choices", allowed: names)
    }
    return choice
  }

  static func text(_ text: String, longest: Int) throws(SettingError) -> String {
    let allowed = "1 to \(longest) characters without control characters"
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
      throw SettingError("has control characters", allowed: allowed)
    }
    guard (1...longest).contains(text.unicodeScalars.count) else {
      throw SettingError("has \(text.unicodeScalars.count) characters", allowed: allowed)
    }
    return text
  }

  /// A value that the HTTP module reads.
  static func checked<Read>(
    _ allowed: String, _ read: () throws(HTTPSettingError) -> Read
  ) throws(SettingError) -> Read {
    do {
      return try read()
    } catch {
      throw SettingError("is not right: \(error)", allowed: allowed)
    }
  }
}

extension StringProtocol {
  func trimmingSpaces() -> SubSequence {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
      return self[endIndex..<endIndex]
    }
    return self[first...last]
  }
}
