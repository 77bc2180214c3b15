/// E-mail and IP addresses.
extension SensitiveScan {
  private static let longestLocalPart = 256
  private static let longestDomain = 255

  /// ASCII and Latin letters; `user@host` needs a domain with a dot and a last label of letters.
  mutating func email(around at: Int) -> Int {
    let start = startOfLocalPart(before: at)
    guard start < at, let end = endOfDomain(behind: at) else { return at + 1 }
    return found(.email, start..<end)
  }

  private func startOfLocalPart(before at: Int) -> Int {
    let limit = max(0, at - Self.longestLocalPart)
    var start = at
    while start > limit {
      if isLocalByte(text[start - 1]) {
        start -= 1
      } else if start - 2 >= limit, isLatinLetter(at: start - 2) {
        start -= 2
      } else {
        break
      }
    }
    while start < at, text[start] < 0x80, !text[start].isAlphanumeric { start += 1 }
    return start
  }

  private func isLocalByte(_ byte: UInt8) -> Bool {
    if byte.isAlphanumeric { return true }
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "'"),
      UInt8(ascii: "-"):
      return true
    default: return false
    }
  }

  /// U+00C0 to U+024F, in two bytes.
  private func isLatinLetter(at index: Int) -> Bool {
    (0xC3...0xC9).contains(byte(at: index)) && byte(at: index + 1) & 0xC0 == 0x80
  }

  private func endOfDomain(behind at: Int) -> Int? {
    let limit = min(text.count, at + 1 + Self.longestDomain)
    var end = at + 1
    var lastDot: Int?
    var label = end
    var complete: Int?
    while end < limit {
      if text[end].isAlphanumeric || text[end] == UInt8(ascii: "-") {
        end += 1
      } else if isLatinLetter(at: end) {
        end += 2
      } else if text[end] == UInt8(ascii: "."), end > label {
        if lastDot != nil, isTopLevel(label..<end) { complete = end }
        lastDot = end
        end += 1
        label = end
      } else {
        break
      }
    }
    end = min(end, text.count)
    if lastDot != nil, isTopLevel(label..<end) { complete = end }
    return complete
  }

  /// Two letters and more, or a name in Punycode.
  private func isTopLevel(_ label: Range<Int>) -> Bool {
    guard label.count >= 2 else { return false }
    if hasText("xn--", at: label.lowerBound) { return true }
    return label.allSatisfy { text[$0].isASCIILetter || text[$0] >= 0x80 }
  }
}

extension SensitiveScan {
  /// The end of four numbers up to 255 with dots between them, which are no part of more such numbers.
  func addressOfVersion4(at start: Int) -> Int? {
    guard isFreeBefore(start), byte(at: start - 1) != UInt8(ascii: "."),
      let end = endOfVersion4(at: start), isFreeBehind(end)
    else { return nil }
    return end
  }

  private func endOfVersion4(at start: Int) -> Int? {
    var index = start
    for part in 0..<4 {
      if part > 0 {
        guard byte(at: index) == UInt8(ascii: ".") else { return nil }
        index += 1
      }
      let first = index
      var value = 0
      while index < first + 3, byte(at: index).isDigit {
        value = value * 10 + Int(text[index] & 0xF)
        index += 1
      }
      guard index > first, value <= 255, !byte(at: index).isDigit else { return nil }
    }
    return index
  }

  /// Eight groups, or a shortened form with two groups and a digit at least, so that `std::vector` is none.
  mutating func addressOfVersion6(around colon: Int) -> Int {
    var start = colon
    while start > colon - 4, byte(at: start - 1).isHexadecimal { start -= 1 }
    guard start < colon || byte(at: colon + 1) == UInt8(ascii: ":") else { return colon + 1 }
    let before = byte(at: start - 1)
    guard !before.isAlphanumeric, before != UInt8(ascii: ":"), before != UInt8(ascii: "."),
      let end = endOfVersion6(at: start), !byte(at: end).isAlphanumeric, byte(at: end) != UInt8(ascii: ":")
    else { return colon + 1 }
    return found(.ipAddress, start..<end)
  }

  private func endOfVersion6(at start: Int) -> Int? {
    var index = start
    var groups = 0
    var isShortened = false
    var hasDigit = false
    while groups < 8 {
      if groups == 6 || isShortened, let end = endOfVersion4(at: index) { return end }
      let first = index
      while index < first + 4, byte(at: index).isHexadecimal {
        if byte(at: index).isDigit { hasDigit = true }
        index += 1
      }
      if index > first { groups += 1 }
      guard groups < 8, byte(at: index) == UInt8(ascii: ":") else { break }
      if byte(at: index + 1) == UInt8(ascii: ":") {
        guard !isShortened else { return nil }
        isShortened = true
        index += 2
        guard byte(at: index).isHexadecimal else { break }
      } else {
        guard index > first, byte(at: index + 1).isHexadecimal else { break }
        index += 1
      }
    }
    return isShortened ? (groups >= 2 && groups < 8 && hasDigit ? index : nil) : (groups == 8 ? index : nil)
  }
}
