import CTriggers

/// One pass over a text for what the built-in rules know.
///
/// Nothing is looked at closer unless a byte stands there that such a value must have (`@`, a digit, …); what is looked at
/// then is bounded, so the time is linear in the text, whatever it holds. Bytes of CJK text are no part of a word: a number
/// may stand right beside them.
struct SensitiveScan {
  let text: UnsafeBufferPointer<UInt8>
  private(set) var matches: [SensitiveMatch] = []
  /// Whether full-width digits, `＠` or `＋` were seen, which hide a value from this pass.
  private(set) var hasFullWidth = false
  /// The number that is being looked at; kept for its memory.
  var groups: [DigitGroup] = []
  /// Behind which no private key ends, so that it is not looked for again.
  var isWithoutKeyEnd = false

  init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

  mutating func run() {
    var index = next_trigger(text.baseAddress, text.count, 0)
    while index < text.count {
      index = next_trigger(text.baseAddress, text.count, look(at: index))
    }
  }

  /// Where to go on.
  private mutating func look(at index: Int) -> Int {
    switch text[index] {
    case UInt8(ascii: "@"): return email(around: index)
    case UInt8(ascii: "+"): return internationalNumber(at: index)
    case UInt8(ascii: ":"): return addressOfVersion6(around: index)
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "A"), UInt8(ascii: "J"), UInt8(ascii: "B"),
      UInt8(ascii: "b"):
      return key(around: index)
    case FullWidth.lead:
      if FullWidth.isHiding(text, at: index) { hasFullWidth = true }
      return index + 1
    default: return number(at: index)
    }
  }

  /// Enters a match; answers its end, where the pass goes on.
  mutating func found(_ kind: SensitiveKind, _ range: Range<Int>) -> Int {
    matches.append(SensitiveMatch(range: range, rule: .builtIn(kind)))
    return range.upperBound
  }

  /// The byte there; 0 outside the text.
  func byte(at index: Int) -> UInt8 { index >= 0 && index < text.count ? text[index] : 0 }

  func hasText(_ expected: StaticString, at index: Int) -> Bool {
    guard index >= 0, index + expected.utf8CodeUnitCount <= text.count else { return false }
    for offset in 0..<expected.utf8CodeUnitCount where text[index + offset] != expected.utf8Start[offset] {
      return false
    }
    return true
  }
}
