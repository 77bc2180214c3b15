/// How a text satisfies a query.
package struct SearchMatch: Sendable, Equatable {
  /// What was found, in bytes of the text, in order, without overlaps.
  package let ranges: [Range<Int>]
  /// Higher is better; the same for the same text everywhere.
  package let score: Double

  /// The length of a text, in tokens, that weighs as it is.
  private static let ordinaryLength = 200.0

  /// nil where the text does not satisfy the query.
  package init?(_ query: SearchQuery, in text: borrowing SearchText) {
    var ranges: [Range<Int>] = []
    var score = 0.0
    for clause in query.wanted {
      let places: [Range<Int>] = clause.places(in: text)
      guard !places.isEmpty else { return nil }
      score += Self.weight(count: places.count, length: text.tokens.count)
      ranges += places
    }
    for clause in query.excluded where clause.firstPlace(in: text) != nil { return nil }
    self.ranges = Self.merged(ranges)
    self.score = score
  }

  /// BM25's share of a term (k1 = 1.2, b = 0.75), without the term's rarity, which would be another on every database.
  private static func weight(count: Int, length: Int) -> Double {
    let count = Double(count)
    return count * 2.2 / (count + 1.2 * (0.25 + 0.75 * Double(length) / ordinaryLength))
  }

  private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var merged: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound < last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}

extension SearchQuery.Clause {
  /// Wherever it stands in a text, in bytes of it.
  fileprivate func places(in text: borrowing SearchText) -> [Range<Int>] {
    var places: [Range<Int>] = []
    var start = 0
    while let place = firstPlace(in: text, from: start) {
      places.append(text.tokens[place].source.lowerBound..<text.tokens[place + tokens.count - 1].source.upperBound)
      start = place + 1
    }
    return places
  }

  /// The first token of the first place.
  fileprivate func firstPlace(in text: borrowing SearchText, from start: Int = 0) -> Int? {
    let last: Int = text.tokens.count - tokens.count
    guard start <= last else { return nil }
    for place in start...last where stands(at: place, in: text) { return place }
    return nil
  }

  private func stands(at place: Int, in text: borrowing SearchText) -> Bool {
    for (index, token) in tokens.enumerated() {
      let found: SearchText.Token = text.tokens[place + index]
      guard found.isIdeograph == token.isIdeograph else { return false }
      let isLast: Bool = index == tokens.count - 1
      guard isSame(token, found, in: text, mayGoOn: isPrefix && isLast) else { return false }
      guard index > 0, token.isGlued, token.isIdeograph, tokens[index - 1].isIdeograph else { continue }
      guard found.isGlued else { return false }
    }
    return true
  }

  private func isSame(
    _ token: SearchText.Token, _ found: SearchText.Token, in text: borrowing SearchText, mayGoOn: Bool
  ) -> Bool {
    guard mayGoOn ? found.bytes.count >= token.bytes.count : found.bytes.count == token.bytes.count else {
      return false
    }
    for offset in 0..<token.bytes.count
    where self.text.bytes[token.bytes.lowerBound + offset] != text.bytes[found.bytes.lowerBound + offset] {
      return false
    }
    return true
  }
}
