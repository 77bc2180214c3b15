import Foundation

/// What a character counts as where text is looked up, and what it becomes there.
///
/// Characters become those of NFKC, lower case, simplified Chinese: so full and half width, capitals, ligatures and
/// traditional characters are found by each other. NFKC and the mapping from traditional to simplified characters are
/// ICU's, by way of Foundation.
package struct FoldedCharacter: Sendable, Equatable {
  enum Kind: UInt32, Sendable {
    /// Ends words: spaces, punctuation, symbols.
    case separator
    /// Part of a word: letters, digits and their marks.
    case letter
    /// A token by itself, of a script that puts no spaces between words.
    case ideograph
    /// Not there at all, as a soft hyphen.
    case ignored
  }

  /// The character in bits 0 to 20, the kind in 24 and 25, flags in 28 and 29.
  private let bits: UInt32

  private static let needsChunk: UInt32 = 1 << 28
  private static let joins: UInt32 = 1 << 29

  init(_ scalar: Unicode.Scalar, _ kind: Kind, becomesMany: Bool = false, joins: Bool = false) {
    bits =
      scalar.value | kind.rawValue << 24 | (becomesMany ? Self.needsChunk : 0) | (joins ? Self.joins : 0)
  }

  var value: UInt32 { bits & 0x1f_ffff }
  var kind: Kind { Kind(rawValue: bits >> 24 & 3) ?? .separator }
  /// What it becomes is told by `TextFolding.fold` alone.
  var becomesMany: Bool { bits & Self.needsChunk != 0 }
  /// It may melt into the character before it, as an accent does.
  var joinsPrevious: Bool { bits & Self.joins != 0 }
}

/// The table of all that, made at its first use.
package final class TextFolding: Sendable {
  package static let shared = TextFolding()

  /// Of the basic plane, by code point.
  private let table: [FoldedCharacter]

  private init() {
    let simplified: [UInt32: Unicode.Scalar] = Self.simplifiedCharacters()
    table = (UInt32(0)..<0x1_0000).map { value in
      Unicode.Scalar(value).map { Self.character($0, simplified) } ?? FoldedCharacter("\u{FFFD}", .separator)
    }
  }

  subscript(_ value: UInt32) -> FoldedCharacter {
    if value < 0x1_0000 { return table[Int(value)] }
    guard let scalar = Unicode.Scalar(value) else { return FoldedCharacter("\u{FFFD}", .separator) }
    // Han of the further planes, and emoji, are what they are; the rest is rare.
    if (0x2_0000..<0x2_F800).contains(value) || (0x1_F300..<0x1_FB00).contains(value) {
      return FoldedCharacter(scalar, Self.kind(of: scalar))
    }
    return FoldedCharacter(
      scalar, Self.kind(of: scalar), becomesMany: true, joins: Self.isJoining(scalar))
  }

  /// What a character becomes with those that follow and join it.
  func fold(_ text: String) -> [FoldedCharacter] {
    Self.folded(text).unicodeScalars.map { scalar in
      let character: FoldedCharacter = self[scalar.value]
      return character.becomesMany ? FoldedCharacter(scalar, Self.kind(of: scalar)) : character
    }
  }

  /// NFKC and lower case. By way of upper case, so that ς is σ and ß is ss.
  private static func folded(_ text: String) -> String {
    var folded = ""
    for scalar in text.precomposedStringWithCompatibilityMapping.unicodeScalars {
      for upper in scalar.properties.uppercaseMapping.unicodeScalars { folded += upper.properties.lowercaseMapping }
    }
    return folded.precomposedStringWithCompatibilityMapping
  }

  private static func character(
    _ scalar: Unicode.Scalar, _ simplified: [UInt32: Unicode.Scalar]
  ) -> FoldedCharacter {
    guard !scalar.properties.isDefaultIgnorableCodePoint else { return FoldedCharacter(scalar, .ignored) }
    let joins: Bool = isJoining(scalar)
    let folded: [Unicode.Scalar] = Array(folded(String(Character(scalar))).unicodeScalars)
    guard folded.count == 1, !joins else {
      return FoldedCharacter(scalar, kind(of: scalar), becomesMany: true, joins: joins)
    }
    let one: Unicode.Scalar = simplified[folded[0].value] ?? folded[0]
    return FoldedCharacter(one, kind(of: one))
  }

  private static func kind(of scalar: Unicode.Scalar) -> FoldedCharacter.Kind {
    let properties: Unicode.Scalar.Properties = scalar.properties
    if properties.isDefaultIgnorableCodePoint { return .ignored }
    if isEmoji(scalar.value) { return .ideograph }
    let isWord: Bool
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
      isWord = true
    default: isWord = false
    }
    guard isWord else { return .separator }
    return properties.isIdeographic || isUnspaced(scalar.value) ? .ideograph : .letter
  }

  /// Scripts that put no spaces between words, or whose words are looked for by their parts: Thai, Lao, Myanmar, Hangul,
  /// Khmer, kana, Bopomofo.
  private static func isUnspaced(_ value: UInt32) -> Bool {
    switch value {
    case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x3005...0x3007, 0x3031...0x312F,
      0x3130...0x318F, 0x31A0...0x31BF, 0x31F0...0x31FF, 0xA960...0xA97F, 0xAC00...0xD7FF:
      true
    default: false
    }
  }

  private static func isEmoji(_ value: UInt32) -> Bool {
    (0x1_F300..<0x1_FB00).contains(value) || (0x2600..<0x27C0).contains(value)
  }

  /// Marks, vowels and final consonants of Hangul, half-width marks of kana: whatever composes with what is before it.
  private static func isJoining(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: return !scalar.properties.isDefaultIgnorableCodePoint
    default: break
    }
    switch scalar.value {
    case 0x1160...0x11FF, 0xD7B0...0xD7FB, 0xFF9E...0xFF9F, 0xFFA0...0xFFDC: return true
    default: return false
    }
  }

  /// Traditional characters that ICU has a simplified one for. One call, since each is slow; characters apart, since
  /// some change in company only.
  private static func simplifiedCharacters() -> [UInt32: Unicode.Scalar] {
    let ranges: [ClosedRange<UInt32>] = [0x3400...0x4DBF, 0x4E00...0x9FFF]
    let originals: [Unicode.Scalar] = ranges.joined().compactMap { Unicode.Scalar($0) }
    let lines: String = originals.map { String(Character($0)) }.joined(separator: "\n")
    guard let mapped = lines.applyingTransform(StringTransform("Hant-Hans"), reverse: false) else { return [:] }
    let results = mapped.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    guard results.count == originals.count else { return [:] }
    var simplified: [UInt32: Unicode.Scalar] = [:]
    for (original, result) in zip(originals, results) {
      if result.count == 1, let one = result.first, one != original { simplified[original.value] = one }
    }
    return simplified
  }
}
