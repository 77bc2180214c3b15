/// API keys, which are known by how they begin.
extension SensitiveScan {
  /// How keys of a service begin, and how long what follows must be; a digit must be among it, or any long word with
  /// hyphens would do.
  private struct Form {
    let prefix: StaticString
    let tail: Int
    var needsDigit = true
  }

  /// By the byte of the prefix on which the pass stops: its last `-`, its last `_`.
  private static let hyphenated = [
    Form(prefix: "sk-", tail: 16), Form(prefix: "vb-", tail: 16), Form(prefix: "glpat-", tail: 16),
    Form(prefix: "xoxb-", tail: 10), Form(prefix: "xoxa-", tail: 10), Form(prefix: "xoxp-", tail: 10),
    Form(prefix: "xoxr-", tail: 10), Form(prefix: "xoxs-", tail: 10), Form(prefix: "xoxe-", tail: 10),
    Form(prefix: "xapp-", tail: 10),
  ]
  private static let underscored = [
    Form(prefix: "ghp_", tail: 20), Form(prefix: "gho_", tail: 20), Form(prefix: "ghu_", tail: 20),
    Form(prefix: "ghs_", tail: 20), Form(prefix: "ghr_", tail: 20), Form(prefix: "github_pat_", tail: 20),
    Form(prefix: "sk_live_", tail: 10), Form(prefix: "sk_test_", tail: 10), Form(prefix: "rk_live_", tail: 10),
    Form(prefix: "hf_", tail: 20), Form(prefix: "npm_", tail: 20),
  ]
  private static let capital = [
    Form(prefix: "AKIA", tail: 16, needsDigit: false), Form(prefix: "ASIA", tail: 16, needsDigit: false),
    Form(prefix: "AIza", tail: 30, needsDigit: false),
  ]

  /// Of all these.
  private static let shortestTail = 10

  mutating func key(around index: Int) -> Int {
    switch text[index] {
    case UInt8(ascii: "-"):
      if hasText("-----BEGIN ", at: index), let end = endOfPrivateKey(at: index) { return found(.apiKey, index..<end) }
      return key(of: Self.hyphenated, endingAt: index)
    case UInt8(ascii: "_"): return key(of: Self.underscored, endingAt: index)
    case UInt8(ascii: "A"): return key(of: Self.capital, startingAt: index)
    case UInt8(ascii: "J"): return webToken(around: index)
    default: return bearerToken(at: index)
    }
  }

  private mutating func key(of forms: [Form], endingAt index: Int) -> Int {
    // Looked at first, since words with such bytes are many and keys are few.
    guard byte(at: index - 1).isAlphanumeric, isTokenByte(byte(at: index + Self.shortestTail)) else { return index + 1 }
    for form in forms {
      let start = index + 1 - form.prefix.utf8CodeUnitCount
      if hasText(form.prefix, at: start) { return key(of: form, at: start) ?? index + 1 }
    }
    return index + 1
  }

  private mutating func key(of forms: [Form], startingAt index: Int) -> Int {
    for form in forms where hasText(form.prefix, at: index) { return key(of: form, at: index) ?? index + 1 }
    return index + 1
  }

  private mutating func key(of form: Form, at start: Int) -> Int? {
    guard !byte(at: start - 1).isAlphanumeric else { return nil }
    let tail = start + form.prefix.utf8CodeUnitCount
    let end = endOfToken(at: tail)
    guard end - tail >= form.tail, !form.needsDigit || hasDigit(tail..<end) else { return nil }
    return found(.apiKey, start..<end)
  }

  private func endOfToken(at start: Int) -> Int {
    var end = start
    while isTokenByte(byte(at: end)) { end += 1 }
    return end
  }

  private func isTokenByte(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  private func hasDigit(_ range: Range<Int>) -> Bool { range.contains { text[$0].isDigit } }

  /// `eyJ…` and two or more further parts behind dots.
  private mutating func webToken(around index: Int) -> Int {
    let start = index - 2
    guard hasText("eyJ", at: start), !byte(at: start - 1).isAlphanumeric else { return index + 1 }
    var end = endOfToken(at: start)
    var parts = 1
    while byte(at: end) == UInt8(ascii: "."), isTokenByte(byte(at: end + 1)) {
      end = endOfToken(at: end + 1)
      parts += 1
    }
    guard parts >= 2, end - start >= 30 else { return index + 1 }
    return found(.apiKey, start..<end)
  }

  /// What follows the word, in any case; the word stays.
  private mutating func bearerToken(at index: Int) -> Int {
    guard !byte(at: index - 1).isAlphanumeric, isBearer(at: index) else { return index + 1 }
    var start = index + 6
    while byte(at: start) == UInt8(ascii: " "), start < index + 10 { start += 1 }
    var end = start
    while isTokenByte(byte(at: end)) || isBase64Mark(byte(at: end)) { end += 1 }
    guard start > index + 6, end - start >= 16, hasDigit(start..<end) else { return index + 1 }
    return found(.apiKey, start..<end)
  }

  private func isBearer(at index: Int) -> Bool {
    let word: StaticString = "bearer"
    return (0..<6).allSatisfy { byte(at: index + $0) | 0x20 == word.utf8Start[$0] }
  }

  private func isBase64Mark(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): true
    default: false
    }
  }

  /// Of `-----BEGIN … PRIVATE KEY-----`: up to its end line or, where that is missing, to the end of its Base64.
  private mutating func endOfPrivateKey(at start: Int) -> Int? {
    var label = start + 11
    while label < start + 40, byte(at: label) == UInt8(ascii: " ") || byte(at: label).isAlphanumeric { label += 1 }
    guard hasText("PRIVATE KEY-----", at: label - 11) || hasText("PRIVATE KEY BLOCK-----", at: label - 17) else {
      return nil
    }
    let body = label + 5
    if !isWithoutKeyEnd {
      if let end = endLine(behind: body) { return end }
      isWithoutKeyEnd = true
    }
    var end = body
    while byte(at: end).isAlphanumeric || isBase64Mark(byte(at: end)) || isLineBreak(byte(at: end)) { end += 1 }
    return end
  }

  private func endLine(behind start: Int) -> Int? {
    var index = start
    while index < text.count {
      if text[index] == UInt8(ascii: "-"), hasText("-----END ", at: index) {
        var end = index + 9
        while byte(at: end).isAlphanumeric || byte(at: end) == UInt8(ascii: " ") { end += 1 }
        while byte(at: end) == UInt8(ascii: "-") { end += 1 }
        return end
      }
      index += 1
    }
    return nil
  }

  /// Also a backslash, as in texts that write a line break with one.
  private func isLineBreak(_ byte: UInt8) -> Bool {
    byte == 0x0A || byte == 0x0D || byte == 0x20 || byte == UInt8(ascii: "\\")
  }
}
