/// What is looked for: clauses that a text must all satisfy, and some that it must not.
///
/// A piece between spaces is a clause, and so is whatever stands between quotes. Its tokens must follow each other in the
/// text: characters of Chinese and its like with nothing between them, unless the clause itself has something there, and
/// words with anything but words. `-` before a clause: the text must not have it. `*` behind its last word: that is the
/// beginning of one.
package struct SearchQuery: Sendable {
  struct Clause: Sendable {
    let text: SearchText
    let isExcluded: Bool
    let isPrefix: Bool

    var tokens: [SearchText.Token] { text.tokens }
  }

  /// Why a text is no query, a sentence without a subject.
  package struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  package static let longest = 500
  package static let mostClauses = 16
  package static let mostTokens = 64

  let wanted: [Clause]
  let excluded: [Clause]

  package init(_ text: String) throws(Fault) {
    guard text.unicodeScalars.count <= Self.longest else {
      throw Fault(description: "is longer than \(Self.longest) characters")
    }
    var reader = SearchQueryReader(text)
    let clauses: [Clause] = try reader.clauses()
    guard clauses.count <= Self.mostClauses else {
      throw Fault(description: "has more than \(Self.mostClauses) words and phrases")
    }
    guard clauses.reduce(0, { $0 + $1.tokens.count }) <= Self.mostTokens else {
      throw Fault(description: "has more than \(Self.mostTokens) words and characters")
    }
    wanted = clauses.filter { !$0.isExcluded }
    excluded = clauses.filter(\.isExcluded)
    guard !wanted.isEmpty else {
      throw Fault(
        description: excluded.isEmpty
          ? "has no word to look for" : "only says what must not be there; name a word to look for as well")
    }
  }
}

/// Takes a query apart.
private struct SearchQueryReader {
  private static let quotes: Set<Unicode.Scalar> = ["\"", "\u{201C}", "\u{201D}", "\u{201E}", "\u{FF02}"]
  private static let minus: Set<Unicode.Scalar> = ["-", "\u{2212}", "\u{FF0D}"]
  private static let star: Set<Unicode.Scalar> = ["*", "\u{FF0A}"]

  private let scalars: [Unicode.Scalar]
  private var position = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func clauses() throws(SearchQuery.Fault) -> [SearchQuery.Clause] {
    var clauses: [SearchQuery.Clause] = []
    while position < scalars.count {
      if isSpace(scalars[position]) {
        position += 1
      } else if let clause = try clause() {
        clauses.append(clause)
      }
    }
    return clauses
  }

  /// nil for what holds no token.
  private mutating func clause() throws(SearchQuery.Fault) -> SearchQuery.Clause? {
    var isExcluded = false
    if Self.minus.contains(scalars[position]), position + 1 < scalars.count, !isSpace(scalars[position + 1]) {
      isExcluded = true
      position += 1
    }
    let words: ArraySlice<Unicode.Scalar> =
      Self.quotes.contains(scalars[position]) ? try quoted() : piece()
    var isPrefix: Bool = words.last.map(Self.star.contains) ?? false
    if position < scalars.count, Self.star.contains(scalars[position]) {
      isPrefix = true
      position += 1
    }
    var string = String.UnicodeScalarView()
    string.append(contentsOf: words)
    let text = SearchText(Bytes(utf8: String(string)))
    guard let last = text.tokens.last else { return nil }
    // A character is found wherever it stands, so what follows it does not matter.
    return SearchQuery.Clause(text: text, isExcluded: isExcluded, isPrefix: isPrefix && !last.isIdeograph)
  }

  private mutating func quoted() throws(SearchQuery.Fault) -> ArraySlice<Unicode.Scalar> {
    let start: Int = position + 1
    guard let end = scalars[start...].firstIndex(where: Self.quotes.contains) else {
      throw SearchQuery.Fault(description: "opens a quote that it does not close")
    }
    position = end + 1
    return scalars[start..<end]
  }

  private mutating func piece() -> ArraySlice<Unicode.Scalar> {
    let start: Int = position
    while position < scalars.count, !isSpace(scalars[position]), !Self.quotes.contains(scalars[position]) {
      position += 1
    }
    return scalars[start..<position]
  }

  private func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
}
