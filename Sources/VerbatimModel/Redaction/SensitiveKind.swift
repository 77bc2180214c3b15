/// What the built-in rules of redaction know.
package enum SensitiveKind: String, Sendable, CaseIterable {
  case email
  /// International with `+`, Chinese mobile and fixed-line, North American.
  case phone
  /// A Chinese identity card's number.
  case identityCard = "id_card"
  case bankCard = "card"
  /// Keys of well-known services, bearer tokens, JSON web tokens, private keys in PEM form.
  case apiKey = "api_key"
  case ipAddress = "ip"

  /// What equal values have in common, however they are written: letters in lower case, digits without separators and
  /// without China's country code.
  func canonical(_ value: some Collection<UInt8>) -> [UInt8] {
    switch self {
    case .apiKey: return Array(value)
    case .email, .ipAddress: return value.map(\.lowercasedASCII)
    case .bankCard: return value.filter(\.isDigit)
    case .identityCard: return value.map(\.lowercasedASCII).filter { $0.isDigit || $0 == UInt8(ascii: "x") }
    case .phone:
      let digits = value.filter(\.isDigit)
      let isChinese = digits.count == 13 && digits.starts(with: "861".utf8)
      return isChinese ? Array(digits.dropFirst(2)) : digits
    }
  }
}

/// What a text has at a place.
struct SensitiveMatch: Equatable {
  enum Rule: Equatable {
    case builtIn(SensitiveKind)
    /// By its place among the own rules.
    case own(Int)
    /// An own rule ran out of time; what it did not search.
    case unsearched(Int)
  }

  /// In bytes from the text's start.
  var range: Range<Int>
  var rule: Rule

  /// In order, overlapping ones made one; that counts as what begins first, and of two as the longer.
  static func merged(_ matches: [SensitiveMatch]) -> [SensitiveMatch] {
    guard matches.count > 1 else { return matches }
    let sorted = matches.sorted { first, second in
      (first.range.lowerBound, second.range.upperBound) < (second.range.lowerBound, first.range.upperBound)
    }
    var merged: [SensitiveMatch] = []
    for match in sorted {
      guard let last = merged.last, match.range.lowerBound < last.range.upperBound else {
        merged.append(match)
        continue
      }
      let end = max(last.range.upperBound, match.range.upperBound)
      merged[merged.count - 1].range = last.range.lowerBound..<end
    }
    return merged
  }
}

extension UInt8 {
  var isDigit: Bool { self &- 0x30 < 10 }
  var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
  var isAlphanumeric: Bool { isDigit || isASCIILetter }
  var isHexadecimal: Bool { isDigit || (self | 0x20) &- 0x61 < 6 }
  var lowercasedASCII: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
