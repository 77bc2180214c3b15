/// Digits without anything between them.
struct DigitGroup {
  var range: Range<Int>
  /// What stands before it: a separator, or 0 at the number's beginning.
  var separator: UInt8
  var isParenthesized: Bool

  var count: Int { range.count }
}

/// Telephone numbers, bank cards and identity cards.
extension SensitiveScan {
  /// Beyond it a row of numbers is looked at in parts, which overlap by as many groups as a value may have.
  private static let mostGroups = 4096
  private static let overlap = 19

  /// Digits, with single separators between groups of them, from a digit on.
  mutating func number(at start: Int) -> Int {
    if let end = endOfShortNumber(at: start) { return end }
    if let end = addressOfVersion4(at: start) { return found(.ipAddress, start..<end) }
    readGroups(from: start)
    let end = groups[groups.count - 1].range.upperBound
    let isCut = groups.count == Self.mostGroups
    guard end - start >= 7 else { return end }
    var index = 0
    let last = isCut ? groups.count - Self.overlap : groups.count
    while index < last {
      if let (kind, next) = value(from: index) {
        let isInside = groups[index].isParenthesized && next > index + 1
        let start = groups[index].range.lowerBound - (isInside ? 1 : 0)
        var end = groups[next - 1].range.upperBound
        if kind == .identityCard, digitCount(index..<next) == 17 { end += 1 }
        _ = found(kind, start..<end)
        index = next
      } else {
        index += 1
      }
    }
    return isCut && index < groups.count ? groups[index].range.lowerBound : end
  }

  /// Of fewer digits than any value has, with nothing behind them that may join them to others: most numbers are so.
  private func endOfShortNumber(at start: Int) -> Int? {
    var end = start
    while end < start + 10, byte(at: end).isDigit { end += 1 }
    guard end < start + 10 else { return nil }
    switch byte(at: end) {
    case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."): return byte(at: end + 1).isDigit ? nil : end
    case UInt8(ascii: ")"): return nil
    default: return end
    }
  }

  private mutating func readGroups(from start: Int) {
    groups.removeAll(keepingCapacity: true)
    var position = start
    var separator: UInt8 = 0
    while groups.count < Self.mostGroups {
      var end = position
      while byte(at: end).isDigit { end += 1 }
      let isParenthesized = byte(at: position - 1) == UInt8(ascii: "(") && byte(at: end) == UInt8(ascii: ")")
      groups.append(DigitGroup(range: position..<end, separator: separator, isParenthesized: isParenthesized))
      var next = isParenthesized ? end + 1 : end
      separator = byte(at: next)
      if separator == UInt8(ascii: " ") || separator == UInt8(ascii: "-") { next += 1 } else { separator = 0 }
      guard next > end, byte(at: next).isDigit else { return }
      position = next
    }
  }

  /// What whole groups from one on are, the longest first, and the group behind them.
  private func value(from first: Int) -> (SensitiveKind, next: Int)? {
    guard isFreeBefore(groups[first].range.lowerBound) else { return nil }
    var digits = 0
    var next = first
    var best: (SensitiveKind, next: Int)?
    while next < groups.count, digits + groups[next].count <= 19 {
      digits += groups[next].count
      next += 1
      if let kind = kind(of: first..<next, digits: digits) { best = (kind, next) }
    }
    return best
  }

  private func kind(of window: Range<Int>, digits: Int) -> SensitiveKind? {
    guard digits >= 10 else { return nil }
    let end = groups[window.upperBound - 1].range.upperBound
    if isIdentityCard(window, digits: digits, end: end) { return .identityCard }
    guard isFreeBehind(end) else { return nil }
    if digits <= 13, isDomesticPhone(window, digits: digits) { return .phone }
    return isBankCard(window, digits: digits) ? .bankCard : nil
  }

  /// Not inside a word, nor behind a decimal point.
  func isFreeBefore(_ index: Int) -> Bool {
    let before = byte(at: index - 1)
    return !before.isAlphanumeric && !(before == UInt8(ascii: ".") && byte(at: index - 2).isDigit)
  }

  func isFreeBehind(_ index: Int) -> Bool {
    let next = byte(at: index)
    return !next.isAlphanumeric && !(next == UInt8(ascii: ".") && byte(at: index + 1).isDigit)
  }

  private func digitCount(_ window: Range<Int>) -> Int { groups[window].reduce(0) { $0 + $1.count } }

  /// The digit of a window of groups.
  private func digit(_ position: Int, of window: Range<Int>) -> Int {
    var rest = position
    for group in groups[window] {
      if rest < group.count { return Int(text[group.range.lowerBound + rest] & 0xF) }
      rest -= group.count
    }
    return 0
  }

  private func number(_ positions: Range<Int>, of window: Range<Int>) -> Int {
    positions.reduce(0) { $0 * 10 + digit($1, of: window) }
  }

  private func hasGroups(_ window: Range<Int>, of counts: Int...) -> Bool {
    window.count == counts.count && zip(groups[window], counts).allSatisfy { $0.count == $1 }
  }
}

extension SensitiveScan {
  /// A Chinese mobile (`1[3-9]`, eleven digits, with or without 86), a Chinese fixed line (`010-12345678`) or a North
  /// American number (`415-555-2671`).
  private func isDomesticPhone(_ window: Range<Int>, digits: Int) -> Bool {
    let first = groups[window.lowerBound]
    if first.count == 2, digits == 13, number(0..<2, of: window) == 86 {
      return isMobile(window.dropFirst(), digits: 11)
    }
    if digits == 13, window.count == 1, number(0..<2, of: window) == 86 { return isMobileStart(2, of: window) }
    return isMobile(window, digits: digits) || isFixedLine(window, digits: digits) || isNorthAmerican(window)
  }

  private func isMobile(_ window: Range<Int>, digits: Int) -> Bool {
    guard digits == 11, isMobileStart(0, of: window) else { return false }
    return window.count == 1 || hasGroups(window, of: 3, 4, 4) || hasGroups(window, of: 3, 8)
      || hasGroups(window, of: 7, 4)
  }

  private func isMobileStart(_ position: Int, of window: Range<Int>) -> Bool {
    digit(position, of: window) == 1 && digit(position + 1, of: window) >= 3
  }

  private func isFixedLine(_ window: Range<Int>, digits: Int) -> Bool {
    let first = groups[window.lowerBound]
    guard first.count == 3 || first.count == 4, digit(0, of: window) == 0, digit(1, of: window) != 0 else {
      return false
    }
    guard first.isParenthesized || groups[window].dropFirst().first?.separator == UInt8(ascii: "-") else {
      return false
    }
    return (7...8).contains(digits - first.count) && (window.count == 2 || window.count == 3)
  }

  private func isNorthAmerican(_ window: Range<Int>) -> Bool {
    guard groups[window.upperBound - 1].separator == UInt8(ascii: "-") else { return false }
    if hasGroups(window, of: 3, 3, 4) { return digit(0, of: window) >= 2 && digit(3, of: window) >= 2 }
    guard hasGroups(window, of: 1, 3, 3, 4) else { return false }
    return digit(0, of: window) == 1 && digit(1, of: window) >= 2 && digit(4, of: window) >= 2
  }

  /// Eighteen characters, the last a check of ISO 7064 mod 11-2, which may be `X`; the seventh to fourteenth are a day.
  private func isIdentityCard(_ window: Range<Int>, digits: Int, end: Int) -> Bool {
    let endsInX = digits == 17 && byte(at: end) | 0x20 == UInt8(ascii: "x")
    guard digits == 18 || endsInX, isFreeBehind(endsInX ? end + 1 : end) else { return false }
    guard window.count == 1 || hasGroups(window, of: 6, 8, endsInX ? 3 : 4) else { return false }
    guard digit(0, of: window) != 0, (1800...2199).contains(number(6..<10, of: window)),
      (1...12).contains(number(10..<12, of: window)), (1...31).contains(number(12..<14, of: window))
    else { return false }
    var check = 0
    for position in 0..<17 { check = (check + digit(position, of: window)) * 2 % 11 }
    let last = (12 - check) % 11
    return last == (endsInX ? 10 : digit(17, of: window))
  }

  /// 13 to 19 digits in groups of three and more, with a prefix that cards have at that length, passing Luhn's check.
  private func isBankCard(_ window: Range<Int>, digits: Int) -> Bool {
    guard hasCardPrefix(window, digits: digits), groups[window].allSatisfy({ $0.count >= 3 }) else { return false }
    var sum = 0
    for position in 0..<digits {
      let value = digit(position, of: window)
      let isDoubled = (digits - position) % 2 == 0
      sum += isDoubled ? value * 2 - (value > 4 ? 9 : 0) : value
    }
    return sum % 10 == 0
  }

  /// Leaves out times in milliseconds and microseconds, and book numbers, which are as long.
  private func hasCardPrefix(_ window: Range<Int>, digits: Int) -> Bool {
    let two = number(0..<2, of: window)
    switch digits {
    case 13: return two / 10 == 4
    case 14: return two / 10 == 3
    case 15: return [34, 37].contains(two) || (50...69).contains(two)
    case 16...19: return (20...69).contains(two) || [81, 95, 98].contains(two)
    default: return false
    }
  }
}

extension SensitiveScan {
  /// `+`, a country code and up to 15 digits in all, with blanks, hyphens, dots and parentheses between them.
  mutating func internationalNumber(at plus: Int) -> Int {
    let first = byte(at: plus + 1)
    guard first.isDigit, first != UInt8(ascii: "0"), !byte(at: plus - 1).isAlphanumeric else { return plus + 1 }
    var digits = 0
    var end = plus + 1
    var position = plus + 1
    while true {
      var groupEnd = position
      while byte(at: groupEnd).isDigit { groupEnd += 1 }
      guard digits + (groupEnd - position) <= 15 else { break }
      digits += groupEnd - position
      end = groupEnd
      position = behindSeparators(groupEnd)
      // A complete number ends at a blank, or it would take in whatever number comes next.
      guard byte(at: position).isDigit, digits < 11 || byte(at: groupEnd) != UInt8(ascii: " ") else { break }
    }
    guard digits >= 8, !byte(at: end).isAlphanumeric else { return plus + 1 }
    return found(.phone, plus..<end)
  }

  /// At most two.
  private func behindSeparators(_ start: Int) -> Int {
    var index = start
    while index < start + 2 {
      switch byte(at: index) {
      case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"): index += 1
      default: return index
      }
    }
    return index
  }
}
