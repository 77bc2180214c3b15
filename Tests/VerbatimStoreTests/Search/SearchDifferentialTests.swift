import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// The same texts and queries on all engines, and beside a scan that knows no index.
@Suite struct SearchDifferentialTests {
  /// A query and the texts that a scan finds by it.
  private struct Case: Sendable {
    let query: String
    let texts: Set<[UInt8]>
  }

  /// Worked out once for all engines.
  private static let cases: Result<[Case], any Error> = Result {
    let exchanges: [NewExchange] = try Self.exchanges()
    let texts: [String] = Set(exchanges.flatMap { $0.messages + $0.choices }.compactMap { $0.content?.string }).sorted()
    let naive: [NaiveSearch.Text] = texts.map { NaiveSearch.Text($0) }
    return queries(of: texts).map { clauses in
      let query = NaiveSearch.Query(clauses)
      return Case(
        query: clauses.map(\.query).joined(separator: " "),
        texts: Set(zip(texts, naive).filter { query.finds($1) }.map { Array($0.0.utf8) }))
    }
  }

  private static func exchanges() throws -> [NewExchange] {
    try SearchFixture.corpus(days: 4).enumerated().filter { $0.offset % 3 == 0 || $0.offset > 435 }.map(\.element)
      + SearchFixture.odd()
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `every engine finds what a scan finds, newest first`(engine: TestEngine, isDaily: Bool) async throws {
    let cases: [Case] = try Self.cases.get()
    #expect(cases.reduce(0) { $0 + $1.texts.count } > 1_000)
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      let exchanges: [NewExchange] = try Self.exchanges()
      for result in await store.append(exchanges, account: "a") { _ = try result.get() }
      _ = try await store.append(.sample(query: "天气 swift 的 hello"), account: "stranger")
      try await store.indexAll()
      let stored: [(id: UUIDv7, text: String)] = try await storedTexts(store)
      #expect(stored.count == exchanges.count * 2)
      for expected in cases {
        let ids: [UUIDv7] = try await store.findAll(expected.query, limit: 100)
        let isRight: Bool = ids == stored.filter { expected.texts.contains(Array($0.text.utf8)) }.map(\.id)
        #expect(isRight, "\(expected.query.debugDescription)")
      }
    }
  }

  /// Newest first.
  private func storedTexts(_ store: Store) async throws -> [(id: UUIDv7, text: String)] {
    try await store.database.read { connection in
      let own: [String] = try connection.dayPlaces().filter(\.hasMessageTable).map {
        Partition.messageTable(of: $0.day)
      }
      var texts: [(id: UUIDv7, text: String)] = []
      for table in own + [Partition.whole.messages.table] {
        texts += try connection.query("SELECT id, content FROM \(identifier: table) WHERE account_id = \("a")") {
          (try $0.uuid(0), $0.text(1))
        }
      }
      return texts.sorted { $0.id > $1.id }
    }
  }

  /// Pieces of the texts themselves, and mixes of them.
  private static func queries(of texts: [String]) -> [[NaiveSearch.Clause]] {
    var generator = SplitMix(state: 7)
    var queries: [[NaiveSearch.Clause]] = fixed
    for length in [1, 2, 3, 5] {
      for _ in 0..<15 { queries.append([.init(text: piece(of: texts, length, &generator))]) }
    }
    for _ in 0..<20 {
      var second = NaiveSearch.Clause(text: piece(of: texts, 2, &generator))
      second.isExcluded = Bool.random(using: &generator)
      queries.append([.init(text: piece(of: texts, 1, &generator)), second])
    }
    for _ in 0..<10 {
      let phrase = NaiveSearch.Clause(text: phrase(of: texts, &generator), isQuoted: true)
      var excluded = phrase
      excluded.isExcluded = true
      queries.append([phrase])
      queries.append([.init(text: piece(of: texts, 1, &generator)), excluded])
    }
    return queries
  }

  private static let fixed: [[NaiveSearch.Clause]] = [
    [.init(text: "天气")], [.init(text: "的")], [.init(text: "Swift并发")], [.init(text: "SWIFT")], [.init(text: "臺灣")],
    [.init(text: "學習")], [.init(text: "学习")], [.init(text: "ｓｗｉｆｔ")], [.init(text: "ガギ")], [.init(text: "straße")],
    [.init(text: "été")], [.init(text: "한국")], [.init(text: "th", isPrefix: true)],
    [.init(text: "comp", isPrefix: true)],
    [.init(text: "1")], [.init(text: "2025-01-15")], [.init(text: "🎉")], [.init(text: "softly")], [.init(text: "мир")],
    [.init(text: "的"), .init(text: "是", isExcluded: true)], [.init(text: "天 气", isQuoted: true)],
    [.init(text: "longwordlongword", isPrefix: true)], [.init(text: String(repeating: "longword", count: 20))],
    [.init(text: "fine")], [.init(text: "nosuchword")], [.init(text: "龘")], [.init(text: "the")],
    [.init(text: "the"), .init(text: "a", isPrefix: true), .init(text: "of", isExcluded: true)],
  ]

  /// That many letters of a text that stand together.
  private static func piece(of texts: [String], _ length: Int, _ generator: inout SplitMix) -> String {
    while true {
      let text: [Character] = Array(texts.randomElement(using: &generator) ?? "")
      guard text.count > length else { continue }
      let start = Int.random(in: 0...text.count - length, using: &generator)
      let piece: ArraySlice<Character> = text[start..<start + length]
      if piece.allSatisfy({ $0.isLetter || $0.isNumber }) { return String(piece) }
    }
  }

  private static func phrase(of texts: [String], _ generator: inout SplitMix) -> String {
    while true {
      let words = (texts.randomElement(using: &generator) ?? "").split(separator: " ")
      guard words.count > 3 else { continue }
      let start = Int.random(in: 0..<words.count - 2, using: &generator)
      let phrase = words[start...start + 1].joined(separator: " ")
      let isPlain = phrase.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || $0 == " " }
      if isPlain, phrase.count > 3 { return phrase }
    }
  }
}

/// Numbers that are the same in every run.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed: UInt64 = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
