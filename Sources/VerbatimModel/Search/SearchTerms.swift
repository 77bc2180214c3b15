/// What an index finds texts by: words, cut at `longest` bytes, and of characters of scripts without spaces each one and
/// each two that stand together.
package enum SearchTerms {
  package static let longest = 64

  /// Calls `body` with each term of a text, repeats included.
  package static func forEach(in text: borrowing SearchText, _ body: (ArraySlice<UInt8>) -> Void) {
    var previous: SearchText.Token?
    for token in text.tokens {
      body(text.bytes[token.bytes.prefix(longest)])
      if token.isIdeograph, token.isGlued, let previous, previous.isIdeograph {
        body(text.bytes[previous.bytes.lowerBound..<token.bytes.upperBound])
      }
      previous = token
    }
  }
}

/// What every text that satisfies a query has among its terms; a text that has all need not satisfy it.
package enum RequiredTerm: Sendable, Hashable {
  case term([UInt8])
  /// A term that begins so.
  case prefix([UInt8])
}

extension SearchQuery {
  package var requiredTerms: Set<RequiredTerm> {
    var terms: Set<RequiredTerm> = []
    for clause in wanted { clause.addTerms(to: &terms) }
    return terms
  }

  /// Terms whose texts are no results, whatever else they have.
  package var excludedTerms: Set<[UInt8]> {
    var terms: Set<[UInt8]> = []
    for clause in excluded where clause.tokens.count == 1 && !clause.isPrefix {
      let word = Array(clause.text.bytes[clause.tokens[0].bytes])
      if word.count < SearchTerms.longest { terms.insert(word) }
    }
    return terms
  }
}

extension SearchQuery.Clause {
  fileprivate func addTerms(to terms: inout Set<RequiredTerm>) {
    for (index, token) in tokens.enumerated() {
      let word = Array(text.bytes[token.bytes.prefix(SearchTerms.longest)])
      let isLast: Bool = index == tokens.count - 1
      guard token.isIdeograph else {
        terms.insert(isPrefix && isLast ? .prefix(word) : .term(word))
        continue
      }
      let isPaired: Bool = isPair(index)
      if isPaired {
        terms.insert(.term(Array(text.bytes[tokens[index - 1].bytes.lowerBound..<token.bytes.upperBound])))
      }
      if !isPaired, isLast || !isPair(index + 1) { terms.insert(.term(word)) }
    }
  }

  /// Whether a token and the one before it are two characters that stand together.
  private func isPair(_ index: Int) -> Bool {
    index > 0 && tokens[index].isIdeograph && tokens[index].isGlued && tokens[index - 1].isIdeograph
  }
}
