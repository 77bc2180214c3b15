import VerbatimModel

/// Puts a segment together in memory. Messages are added newest first, so that their numbers ascend.
struct SearchSegmentBuilder {
  private struct Postings {
    private(set) var gaps: [UInt8] = []
    private var last: Int64 = -1
    private(set) var count = 0

    mutating func add(_ document: UInt32) {
      guard last != Int64(document) else { return }
      SearchPostings.appendGap(from: &last, to: document, in: &gaps)
      count += 1
    }
  }

  private(set) var ids: [UUIDv7] = []
  private(set) var sealedCount = 0
  /// Of their texts.
  private(set) var size = 0
  private var terms = SearchTermTable()
  private var postings: [Postings] = []
  private var text = SearchText()

  var isEmpty: Bool { ids.isEmpty }

  mutating func add(_ message: IndexedMessage) {
    let number = UInt32(ids.count)
    ids.append(message.id)
    if message.isSealed { sealedCount += 1 }
    note(SearchProperty.account.term(message.account)[...], in: number)
    note(SearchProperty.app.term(message.app)[...], in: number)
    note(SearchProperty.user.term(message.user)[...], in: number)
    note(SearchProperty.role.term(message.role)[...], in: number)
    if let model = message.model { note(SearchProperty.model.term(model)[...], in: number) }
    guard let content = message.content else { return }
    size += content.count
    var text = SearchText()
    swap(&text, &self.text)
    text.set(content)
    SearchTerms.forEach(in: text) { note($0, in: number) }
    swap(&text, &self.text)
  }

  private mutating func note(_ term: ArraySlice<UInt8>, in document: UInt32) {
    let number: Int = terms.number(of: term)
    if number == postings.count { postings.append(Postings()) }
    postings[number].add(document)
  }

  /// In the order of the terms, each with the documents that have it as they are stored.
  func rows() -> [SearchTermRow] {
    let order: [Int] = (0..<terms.count).sorted { terms[$0].lexicographicallyPrecedes(terms[$1]) }
    return order.map { number in
      SearchTermRow(
        term: Array(terms[number]),
        postings: SearchPostings.encode(
          gaps: postings[number].gaps, count: postings[number].count, of: ids.count))
    }
  }
}

/// A term of a segment and the documents that have it.
struct SearchTermRow: Sendable {
  let term: [UInt8]
  let postings: [UInt8]
}
