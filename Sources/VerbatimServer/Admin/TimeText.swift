import VerbatimModel

/// Times as people type them.
enum TimeText {
  private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]

  /// `90d`, `12h`, `10m`, `30s`; a number alone counts seconds.
  static func duration(_ text: String, _ option: String) throws(ConfigurationError) -> Duration {
    guard let duration = duration(text) else {
      throw ConfigurationError("\(option) \(text) is no length of time such as 90d, 12h or 10m")
    }
    return duration
  }

  /// A length of time from now on, a date, or a time, in Unix milliseconds.
  static func moment(_ text: String, _ option: String) throws(ConfigurationError) -> Int64 {
    if let duration = duration(text) { return UnixClock.milliseconds() + duration.components.seconds * 1000 }
    if let time = Timestamp.milliseconds(iso8601: text.utf8) { return time }
    throw ConfigurationError("\(option) \(text) is neither a time such as 2026-01-31 nor a length of time such as 90d")
  }

  private static func duration(_ text: String) -> Duration? {
    let unit = text.last.flatMap { units[$0] }
    guard let number = Int64(unit == nil ? text[...] : text.dropLast()), (0...1_000_000_000).contains(number) else {
      return nil
    }
    return .seconds(number * (unit ?? 1))
  }
}
