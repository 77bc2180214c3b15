import Foundation
import Testing

@testable import VerbatimModel

/// Random texts against what they were made of, and against a scan that tries every place.
@Suite struct RedactionPropertyTests {
  private static let plain = [
    "天气", "。", "，", " ", " and ", "\n", "\"", "\\", "🙂", "ж", "(", ")", "/", "=x=", "{", "}", "[", "]", "<b>", "\u{0}",
    "——",
  ]

  private static func value(_ random: inout SeededRandom) -> (text: String, mark: String) {
    switch Int.random(in: 0..<7, using: &random) {
    case 0: ("user\(Int.random(in: 1...999, using: &random))@mail.example.org", "[email]")
    case 1: ("1\(Int.random(in: 3_000_000_000...9_999_999_999, using: &random))", "[phone]")
    case 2:
      (
        "+1 (\(Int.random(in: 200...999, using: &random))) 555-\(Int.random(in: 1000...9999, using: &random))",
        "[phone]"
      )
    case 3: (card(&random), "[card]")
    case 4: (identityCard(&random), "[id_card]")
    case 5: ("10.\(Int.random(in: 0...255, using: &random)).0.\(Int.random(in: 0...255, using: &random))", "[ip]")
    default: ("sk-\(String(random.next(), radix: 16))7abcdefghijklmnop", "[api_key]")
    }
  }

  private static func card(_ random: inout SeededRandom) -> String {
    let start = "4\(Int.random(in: 10_000_000_000_000...99_999_999_999_999, using: &random))"
    return (0...9).map { start + "\($0)" }.first { passesLuhn($0) } ?? start
  }

  private static func passesLuhn(_ number: String) -> Bool {
    let sum = number.reversed().enumerated().reduce(0) { sum, digit in
      let value = (digit.element.wholeNumberValue ?? 0) * (digit.offset % 2 == 0 ? 1 : 2)
      return sum + value / 10 + value % 10
    }
    return sum % 10 == 0
  }

  private static func identityCard(_ random: inout SeededRandom) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    let day = Int.random(in: 10...28, using: &random)
    let start = "330102199\(Int.random(in: 0...9, using: &random))07\(day)\(Int.random(in: 100...999, using: &random))"
    let sum = zip(start, weights).reduce(0) { $0 + ($1.0.wholeNumberValue ?? 0) * $1.1 }
    return start + ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum % 11]
  }

  /// A text, and the same with marks; between two values stands something that is no part of either.
  private static func text(_ random: inout SeededRandom) -> (original: String, masked: String) {
    var original = ""
    var masked = ""
    for _ in 0..<Int.random(in: 1...12, using: &random) {
      let filler = (plain.randomElement(using: &random) ?? "") + "值" + (plain.randomElement(using: &random) ?? "")
      let value = value(&random)
      original += filler + value.text
      masked += filler + value.mark
    }
    return (original + "。", masked + "。")
  }

  @Test(arguments: 0..<400)
  func `every planted value is masked and all else stays`(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let (original, masked) = Self.text(&random)
    let redactor = Redactor()
    #expect(redactor.text(original) == masked)

    let document = Self.escaped(original, &random)
    let redacted = redactor.json(Bytes(utf8: #"{"a":[\#(document)]}"#))
    let array = try #require(JSONSlice(checking: redacted)["a"])
    let said = array.elements.map { $0.string?.string }.first ?? nil
    #expect(said == masked.replacing("\u{0}", with: "\u{FFFD}"))
    #expect(redactor.json(redacted) == redacted)
  }

  /// A JSON string in which some characters are escaped that need not be.
  private static func escaped(_ text: String, _ random: inout SeededRandom) -> String {
    var json = "\""
    for unit in text.utf16 {
      let needsEscape = unit < 0x20 || unit == 0x22 || unit == 0x5C || (0xD800..<0xE000).contains(unit)
      if needsEscape || Int.random(in: 0..<5, using: &random) == 0 {
        json += String(format: "\\u%04x", Int(unit))
      } else {
        json.unicodeScalars.append(Unicode.Scalar(unit) ?? " ")
      }
    }
    return json + "\""
  }

  @Test(arguments: [
    (
      SensitiveKind.ipAddress, "0129. ab中",
      #"(?<![A-Za-z0-9.])(?:(?:25[0-5]|2[0-4]\d|[01]?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d?\d)(?![A-Za-z0-9])(?!\.\d)"#
    ),
    (.email, "ab1@.-_中 ", #"[a-z0-9][a-z0-9._%+'-]*@(?:[a-z0-9-]+\.)+[a-z]{2,}(?![a-z0-9-])"#),
  ])
  func `a scan that tries every place finds the same`(kind: SensitiveKind, alphabet: String, pattern: String) throws {
    let expression = try NSRegularExpression(pattern: pattern)
    let letters = Array(alphabet)
    var random = SeededRandom(seed: 7)
    for _ in 0..<20_000 {
      let text = String(
        (0..<Int.random(in: 1...40, using: &random)).map { _ in letters.randomElement(using: &random) ?? " " })
      let whole = NSRange(location: 0, length: text.utf16.count)
      let expected = expression.matches(in: text, range: whole).compactMap {
        Range($0.range, in: text).map { String(text[$0]) }
      }
      var found: [String] = []
      let bytes = Array(text.utf8)
      bytes.withUnsafeBufferPointer { buffer in
        var scan = SensitiveScan(buffer)
        scan.run()
        found = SensitiveMatch.merged(scan.matches).filter { $0.rule == .builtIn(kind) }
          .map { String(decoding: bytes[$0.range], as: UTF8.self) }
      }
      #expect(found == expected, "in \(text)")
    }
  }
}

/// SplitMix64, so that a failure can be repeated.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
