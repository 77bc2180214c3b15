/// A moment as the wire writes it, against the Unix milliseconds in which everything inside is kept. Always UTC.
package enum Timestamp {
  private static let millisecondsPerDay: Int64 = 86_400_000

  fileprivate static let textLength = 24

  /// `2025-01-15T10:30:00.000Z`.
  package static func text(_ milliseconds: Int64) -> String {
    String(unsafeUninitializedCapacity: textLength) { buffer in
      var output = OutputSpan(buffer: buffer, initializedCount: 0)
      write(milliseconds, to: &output)
      return output.finalize(for: buffer)
    }
  }

  /// Appends the 24 characters.
  fileprivate static func write(_ milliseconds: Int64, to output: inout OutputSpan<UInt8>) {
    let (day, time) = milliseconds.quotientAndRemainder(flooredBy: millisecondsPerDay)
    let date = CivilDate(daysSinceEpoch: day)
    let (seconds, fraction) = time.quotientAndRemainder(dividingBy: 1000)
    output.append(twoDigits: date.year / 100)
    output.append(twoDigits: date.year)
    output.append(UInt8(ascii: "-"))
    output.append(twoDigits: date.month)
    output.append(UInt8(ascii: "-"))
    output.append(twoDigits: date.day)
    output.append(UInt8(ascii: "T"))
    output.append(twoDigits: seconds / 3600)
    output.append(UInt8(ascii: ":"))
    output.append(twoDigits: seconds / 60 % 60)
    output.append(UInt8(ascii: ":"))
    output.append(twoDigits: seconds % 60)
    output.append(UInt8(ascii: "."))
    output.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: fraction / 100))
    output.append(twoDigits: fraction)
    output.append(UInt8(ascii: "Z"))
  }

  /// Reads ISO 8601 in its extended form: a date, or a date and a time parted by `T` or a space, to the minute or finer,
  /// with `Z`, an offset, or neither for UTC. What is finer than a millisecond is dropped; a leap second is the next one.
  package static func milliseconds(iso8601 text: some Collection<UInt8>) -> Int64? {
    var reader = Reader(rest: ArraySlice(text))
    guard let date = reader.date() else { return nil }
    let midnight = date.daysSinceEpoch * millisecondsPerDay
    if reader.rest.isEmpty { return midnight }
    guard reader.skip(["T", "t", " "]), let time = reader.time(), let offset = reader.offset(), reader.rest.isEmpty
    else { return nil }
    return midnight + time - offset
  }
}

extension JSONWriter {
  /// A string such as `"2025-01-15T10:30:00.000Z"`.
  package mutating func timestamp(_ milliseconds: Int64) {
    plainString(length: Timestamp.textLength) { Timestamp.write(milliseconds, to: &$0) }
  }
}

/// A day of the proleptic Gregorian calendar.
private struct CivilDate {
  var year: Int64
  var month: Int64
  var day: Int64

  init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, eras are 400 years.
  init(daysSinceEpoch: Int64) {
    let (era, dayOfEra) = (daysSinceEpoch + 719_468).quotientAndRemainder(flooredBy: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// From the same paper.
  var daysSinceEpoch: Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = marchYear.quotientAndRemainder(flooredBy: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  var exists: Bool {
    (1...12).contains(month) && (1...31).contains(day) && CivilDate(daysSinceEpoch: daysSinceEpoch).day == day
  }
}

private struct Reader {
  var rest: ArraySlice<UInt8>

  mutating func skip(_ choices: [Unicode.Scalar]) -> Bool {
    guard let first = rest.first, choices.contains(Unicode.Scalar(first)) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func number(width: Int) -> Int64? {
    guard rest.count >= width else { return nil }
    var value: Int64 = 0
    for byte in rest.prefix(width) {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    rest.removeFirst(width)
    return value
  }

  mutating func date() -> CivilDate? {
    guard let year = number(width: 4), skip(["-"]), let month = number(width: 2), skip(["-"]),
      let day = number(width: 2)
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    return date.exists ? date : nil
  }

  /// Milliseconds since midnight.
  mutating func time() -> Int64? {
    guard let hour = number(width: 2), hour < 24, skip([":"]), let minute = number(width: 2), minute < 60 else {
      return nil
    }
    let minutes = (hour * 60 + minute) * 60_000
    guard skip([":"]) else { return minutes }
    guard let second = number(width: 2), second <= 60 else { return nil }
    guard skip([".", ","]) else { return minutes + second * 1000 }
    let fraction = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard !fraction.isEmpty else { return nil }
    rest.removeFirst(fraction.count)
    var milliseconds = Reader(rest: fraction.prefix(3) + Array(repeating: UInt8(ascii: "0"), count: 3))
    return milliseconds.number(width: 3).map { minutes + second * 1000 + $0 }
  }

  /// Milliseconds east of Greenwich.
  mutating func offset() -> Int64? {
    if rest.isEmpty || skip(["Z", "z"]) { return 0 }
    let sign: Int64 = rest.first == UInt8(ascii: "-") ? -1 : 1
    guard skip(["+", "-"]), let hours = number(width: 2), hours < 24 else { return nil }
    if rest.isEmpty { return sign * hours * 3_600_000 }
    _ = skip([":"])
    guard let minutes = number(width: 2), minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes) * 60_000
  }
}

extension Int64 {
  fileprivate func quotientAndRemainder(flooredBy divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension OutputSpan<UInt8> {
  /// The lowest two.
  @inline(__always)
  fileprivate mutating func append(twoDigits number: Int64) {
    let (tens, ones) = (number % 100).quotientAndRemainder(dividingBy: 10)
    append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: tens))
    append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: ones))
  }
}
