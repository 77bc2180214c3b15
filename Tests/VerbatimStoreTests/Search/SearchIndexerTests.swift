import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct SearchIndexerTests {
  @Test(arguments: TestEngine.allCases)
  func `what was recorded before there was an index is scanned, what comes is followed`(
    engine: TestEngine
  ) async throws {
    try await engine.withStore { store in
      for result in await store.append(try SearchFixture.corpus(days: 3), account: "a") { _ = try result.get() }
      #expect(try await store.find("中国").limit == .indexing)
      let indexer = try SearchIndexer(store)
      while try await indexer.round() {}
      let before = try await store.find("中国")
      #expect(before.results.count > 10 && before.limit == nil)
      _ = try await store.append(.sample(query: "中国"), account: "a")
      #expect(try await indexer.round())
      let after = try await store.find("中国")
      #expect(after.results.dropFirst() == before.results[...])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what the index does not hold a while after its commit makes a search incomplete`(
    engine: TestEngine
  ) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(query: "swift one"), account: "a")
      try await store.indexAll()
      #expect(try await store.find("swift").limit == nil)
      _ = try await store.append(.sample(query: "swift two"), account: "a")
      #expect(try await store.find("swift").limit == nil)
      try await store.writing { connection in
        _ = try connection.execute("UPDATE verbatim_batches SET committed_at = committed_at - 10000")
      }
      let page = try await store.find("swift")
      #expect(page.results.count == 1 && page.limit == .indexing)
      try await store.indexAll()
      let after = try await store.find("swift")
      #expect(after.results.count == 2 && after.limit == nil)
    }
  }

  @Test func `much that was committed at once becomes several segments`() async throws {
    try await TestEngine.sqlite.withStore { store in
      let indexer = try SearchIndexer(store)
      while try await indexer.round() {}
      let text = String(repeating: "swift weather ", count: 50_000)
      let large: [NewExchange] = (0..<40).map { .sample(query: "number \($0) " + text) }
      for result in await store.append(large, account: "a") { _ = try result.get() }
      while try await store.searchIndexStatus().messages < 80 { #expect(try await indexer.round()) }
      #expect(try await store.searchIndexStatus().segments > 1)
      #expect(try await store.find("\"number 7\"").results.count == 1)
      #expect(Set(try await store.findAll("weather", limit: 30)).count == 40)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `back-filled and late exchanges are found`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      let indexer = try SearchIndexer(store)
      while try await indexer.round() {}
      for offset: Int64 in [5, 0, 3, -400, 5] {
        var exchange = NewExchange.sample(query: "swift", answer: "-")
        exchange.createdAt = SearchFixture.noon + offset * SearchFixture.dayLength
        _ = try await store.append(exchange, account: "a")
        while try await indexer.round() {}
      }
      let page = try await store.find("swift")
      let days: [Int64] = page.results.map { ($0.createdAt - SearchFixture.noon) / SearchFixture.dayLength }
      #expect(days == [5, 5, 3, 0, -400] && page.limit == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `many small segments become few, and nothing is lost or doubled`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let indexer = try SearchIndexer(store)
      while try await indexer.round() {}
      for index in 0..<70 {
        _ = try await store.append(.sample(query: "swift \(index % 9)", answer: "天气"), account: "a")
        while try await indexer.round() {}
      }
      let status = try await store.searchIndexStatus()
      #expect(status.messages == 140 && status.segments < 16)
      #expect(try await store.find("swift").results.count == 70)
      #expect(try await store.find("天气").results.count == 70)
      #expect(try await store.find("swift 3").results.count == 8)
      let ids: [UUIDv7] = try await store.findAll("swift", limit: 9)
      #expect(ids == ids.sorted(by: >) && Set(ids).count == 70)
      #expect(try await unseen(store) == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a segment that a crash cut off is not seen and is taken away`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(query: "swift"), account: "a")
      try await store.indexAll()
      try await store.writing { connection in
        try connection.transaction {
          let segment = try connection.beginSegment(of: store.today)
          let rows = [SearchTermRow(term: Array("ghost".utf8), postings: [0])]
          try connection.addTerms(rows[...], to: segment)
        }
      }
      #expect(try await store.find("ghost").results.isEmpty)
      _ = try await store.append(.sample(query: "ghost"), account: "a")
      try await store.indexAll()
      #expect(try await store.find("ghost").results.count == 1)
      #expect(try await unseen(store) == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an index that is made anew answers meanwhile and is the same`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for result in await store.append(try SearchFixture.corpus(days: 3), account: "a") { _ = try result.get() }
      try await store.indexAll()
      let (before, count) = (try await store.find("学习"), try await store.searchIndexStatus().messages)
      let indexer = try SearchIndexer(store)
      _ = try await indexer.round()
      #expect(try await store.requestReindex().remainingDays == 3)
      repeat {
        #expect(try await store.find("学习") == before)
      } while try await indexer.round()
      let status = try await store.searchIndexStatus()
      #expect(status.remainingDays == 0 && status.rebuiltDays == nil && status.messages == count)
      #expect(try await store.find("学习") == before)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a day is dropped from the index with its rows`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      for result in await store.append(try SearchFixture.corpus(days: 3), account: "a") { _ = try result.get() }
      try await store.indexAll()
      let days = try await store.partitions().filter(\.holdsRows).map(\.day)
      let all = try await store.find("中国").results
      try await store.drop(days[1])
      let left = try await store.find("中国").results
      #expect(left.count < all.count && !left.isEmpty)
      try await store.indexAll()
      #expect(try await store.find("中国").results == left)
      let segments = try await store.database.read { try $0.liveSegments(of: days[1]) }
      #expect(segments.isEmpty)
    }
  }

  @Test(arguments: TestEngine.servers)
  func `one process builds the index at a time`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { first in
        try await fixture.withStore { second in
          _ = try await first.append(.sample(query: "swift"), account: "a")
          let (one, other) = (try SearchIndexer(first), try SearchIndexer(second))
          #expect(try await one.round())
          #expect(try await other.round() == false)
          while try await one.round() {}
          #expect(try await second.find("swift").results.count == 1)
        }
      }
    }
  }

  private func unseen(_ store: Store) async throws -> Int {
    try await store.database.read { try $0.unseenSegments().count }
  }
}

@Suite struct SearchPostingsTests {
  @Test(arguments: [[0], [5], [0, 1, 2], [0, 2, 99], [3, 40, 41, 98], Array(0..<100), Array(1..<100)] as [[UInt32]])
  func `postings come back`(numbers: [UInt32]) throws {
    let encoded = SearchPostings.encode(numbers, of: 100)
    #expect(try SearchPostings.decode(encoded[...], of: 100) == numbers)
    #expect(encoded.count <= 14)
  }

  @Test(arguments: [[], [9], [1, 0xFF, 0xFF, 0xFF, 0x7F], [2, 0, 0xFF]] as [[UInt8]])
  func `postings that are damaged are refused`(bytes: [UInt8]) {
    #expect(throws: StoreError.self) { try SearchPostings.decode(bytes[...], of: 10) }
  }

  @Test func `segments are merged by id, what is gone is left out, and of two the later stays`() throws {
    let ids: [UUIDv7] = (0..<6).map { UUIDv7.lowest(at: $0 + 1) }
    let merge = SegmentMerge([[ids[4], ids[2], ids[0]], [ids[5], ids[2], ids[1]]]) { $0 != ids[1] }
    #expect(merge.ids == [ids[5], ids[4], ids[2], ids[0]])
    let first = SearchPostings.encode([0, 2], of: 3)
    let second = SearchPostings.encode([1, 2], of: 3)
    let both = try #require(try merge.postings([(0, first), (1, second)]))
    #expect(try SearchPostings.decode(both[...], of: 4) == [1, 2, 3])
    #expect(try merge.postings([(1, SearchPostings.encode([2], of: 3))]) == nil)
  }
}
