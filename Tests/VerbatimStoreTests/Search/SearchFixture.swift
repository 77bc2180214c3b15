import Foundation
import VerbatimModel

@testable import VerbatimStore

/// Recorded exchanges to search in.
enum SearchFixture {
  static let dayLength: Int64 = 86_400_000
  /// 2025-01-15T12:00:00Z
  static let noon: Int64 = 1_736_942_400_000

  /// The exchanges of `Tests/Fixtures/exchanges.ndjson`, some a day from the fifteenth of January on.
  static func corpus(days: Int64) throws -> [NewExchange] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/exchanges.ndjson")
    let lines = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
    return try lines.enumerated().map { index, line in
      let json = try JSONSlice(checking: Bytes(line))
      var exchange = NewExchange.sample(
        query: json["query"]?.string?.string ?? "", answer: json["answer"]?.string?.string ?? "",
        conversation: "c\(index % 150)", app: "app\(index % 150 % 3)", user: "user\(index % 150 % 7)")
      exchange.createdAt = noon + Int64(index) % days * dayLength + Int64(index / 10) * 1_000
      return exchange
    }
  }

  /// Texts that are hard to search in.
  private static let oddities = [
    "學習Swift並發程式設計", "学习 Swift 并发编程", "ＳＷＩＦＴ　６　ｉｓ　ｈｅｒｅ", "天，气 很 好", "天气很好。天气！", "ｶﾞｷﾞｸﾞ カタカナ ひらがな",
    "Straße STRASSE strasse", "e\u{301}te\u{301} \u{E9}t\u{E9} ETE", "한국어 검색 \u{1112}\u{1161}\u{11AB}국",
    "a-b_c d.e/f", "1,000.50 2025-01-15 v1.2.3", "🎉 party🎉time", "\u{FEFF}soft\u{AD}ly spoken", "नमस्ते दुनिया",
    "Привет, МИР! ёлка", "ﬁne ﬂow ½ ㎏ ①", "的的的的", "<b>tag</b> & \"quote\"", "x" + String(repeating: "長", count: 90),
    String(repeating: "longword", count: 20), "\u{7F} del",
  ]

  static func odd() -> [NewExchange] {
    oddities.enumerated().map { index, text in
      var exchange = NewExchange.sample(query: text, answer: "odd \(index)", conversation: "odd\(index)")
      exchange.createdAt = noon + Int64(index)
      return exchange
    }
  }
}

extension Store {
  /// Takes everything into the index that was recorded.
  func indexAll() async throws {
    let indexer = try SearchIndexer(self)
    while try await indexer.round() {}
  }

  func find(
    _ query: String, within reach: Reach = .account("a"), sort: SearchRequest.Sort = .time, limit: Int = 100,
    _ change: (inout SearchRequest) -> Void = { _ in }
  ) async throws -> SearchPage {
    var request = SearchRequest(try SearchQuery(query), within: reach)
    request.sort = sort
    request.limit = limit
    change(&request)
    return try await search(request)
  }

  /// The ids of all that is found, page by page.
  func findAll(_ query: String, sort: SearchRequest.Sort = .time, limit: Int) async throws -> [UUIDv7] {
    var ids: [UUIDv7] = []
    var cursor: SearchCursor?
    repeat {
      let from: SearchCursor? = cursor
      let page: SearchPage = try await find(query, sort: sort, limit: limit) { $0.cursor = from }
      ids += page.results.map(\.messageID)
      cursor = page.next
    } while cursor != nil
    return ids
  }
}
