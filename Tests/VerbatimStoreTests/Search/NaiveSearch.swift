import Foundation

/// What a search means, written as simply as possible: every text is normalised as a whole and looked through.
enum NaiveSearch {
  /// A clause of a query, by its parts.
  struct Clause {
    var text: String
    var isExcluded = false
    var isPrefix = false
    var isQuoted = false

    /// As it stands in a query.
    var query: String {
      (isExcluded ? "-" : "") + (isQuoted ? "\"\(text)\"" : text) + (isPrefix ? "*" : "")
    }
  }

  /// A text that was taken apart.
  struct Text {
    fileprivate let tokens: [Token]

    init(_ text: String) { tokens = NaiveSearch.tokens(of: text) }
  }

  fileprivate struct Token: Equatable {
    var text: String
    var isCharacter: Bool
    /// Whether the token before ends where this begins.
    var isGlued: Bool
  }

  /// Clauses that were taken apart.
  struct Query {
    private let clauses: [(clause: Clause, tokens: [Token])]

    init(_ clauses: [Clause]) { self.clauses = clauses.map { ($0, NaiveSearch.tokens(of: $0.text)) } }

    func finds(_ text: Text) -> Bool {
      clauses.allSatisfy { NaiveSearch.contains($0.clause, $0.tokens, text.tokens) != $0.clause.isExcluded }
    }
  }

  fileprivate static func contains(_ clause: Clause, _ wanted: [Token], _ text: [Token]) -> Bool {
    guard wanted.count <= text.count else { return false }
    return (0...text.count - wanted.count).contains { start in
      wanted.indices.allSatisfy { index in
        let (asked, found): (Token, Token) = (wanted[index], text[start + index])
        let mayGoOn: Bool = clause.isPrefix && index == wanted.count - 1 && !asked.isCharacter
        let isSame: Bool = mayGoOn ? found.text.hasPrefix(asked.text) : found.text == asked.text
        guard isSame, found.isCharacter == asked.isCharacter else { return false }
        guard index > 0, asked.isGlued, asked.isCharacter, wanted[index - 1].isCharacter else { return true }
        return found.isGlued
      }
    }
  }

  fileprivate static func tokens(of text: String) -> [Token] {
    var tokens: [Token] = []
    var word = ""
    var isGlued = false
    func endWord() {
      guard !word.isEmpty else { return }
      tokens.append(Token(text: word, isCharacter: false, isGlued: isGlued))
      isGlued = true
      word = ""
    }
    for scalar in normalised(text).unicodeScalars where !scalar.properties.isDefaultIgnorableCodePoint {
      if isCharacter(scalar) {
        endWord()
        tokens.append(Token(text: String(Character(scalar)), isCharacter: true, isGlued: isGlued))
        isGlued = true
      } else if CharacterSet.alphanumerics.contains(scalar) {
        word.unicodeScalars.append(scalar)
      } else {
        endWord()
        isGlued = false
      }
    }
    endWord()
    return tokens
  }

  private static func normalised(_ text: String) -> String {
    var folded = ""
    for scalar in text.precomposedStringWithCompatibilityMapping.unicodeScalars {
      folded += String(Character(scalar)).uppercased().lowercased()
    }
    let simplified = folded.applyingTransform(StringTransform("Hant-Hans"), reverse: false) ?? folded
    return simplified.precomposedStringWithCompatibilityMapping
  }

  private static func isCharacter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3041...0x30FA, 0x30FC...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0x1F300...0x1FAFF,
      0x2600...0x27BF, 0x3005...0x3007:
      true
    default: false
    }
  }
}
