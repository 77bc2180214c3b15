import Databases
import VerbatimModel
import VerbatimStore

/// Times of searches and of LIKE over the same rows.
struct Searches: Sendable {
  private static let connections = 8
  private static let likes = 24

  let store: Store
  let engine: Engine
  let queries: [String]

  func measure(rounds: Int, _ figures: inout Figures) async throws {
    for (name, texts, sort): (String, [String], SearchRequest.Sort) in [
      ("pair", queries, .time), ("one", ["的", "是", "天", "龙"], .time), ("word", ["the", "python", "water"], .time),
      ("mix", ["的 -是", "人工智能", "\"in the\"", "pro*"], .time), ("rank", queries, .rank),
    ] {
      _ = try await search(texts, sort, count: 100)
      var (middles, ends): ([Double], [Double]) = ([], [])
      for _ in 0..<rounds {
        let times: [Double] = try await search(texts, sort, count: 1_000)
        middles.append(times[times.count / 2])
        ends.append(times[times.count * 99 / 100])
      }
      figures["\(name)_p50_ms"] = median(middles)
      figures["\(name)_p99_ms"] = median(ends)
    }
    let likes: [Double] = try await like()
    figures["like_p50_ms"] = likes[likes.count / 2]
    figures["like_p99_ms"] = likes[likes.count - 1]
  }

  /// Milliseconds, the shortest first.
  private func search(_ texts: [String], _ sort: SearchRequest.Sort, count: Int) async throws -> [Double] {
    try await inParallel(count) { number in
      var request = SearchRequest(try SearchQuery(texts[number % texts.count]), within: .account("default"))
      request.sort = sort
      _ = try await store.search(request)
    }
  }

  private func like() async throws -> [Double] {
    var configuration = Database.Configuration(engine)
    configuration.isWritable = false
    configuration.maximumReaders = Self.connections
    let database = try await Database.open(configuration)
    let times: [Double] = try await inParallel(Self.likes) { number in
      let pattern = "%\(queries[number % queries.count])%"
      _ = try await database.read { connection in
        try connection.query(
          "SELECT id FROM conversation_histories WHERE account_id = 'default' AND content LIKE \(pattern) LIMIT 1000000"
        ) { $0.text(0).utf8.count }
      }
    }
    await database.close()
    return times
  }

  private func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws -> [Double]
  {
    try await withThrowingTaskGroup(of: [Double].self) { group in
      for connection in 0..<Self.connections {
        group.addTask {
          var times: [Double] = []
          for number in stride(from: connection, to: count, by: Self.connections) {
            let start: ContinuousClock.Instant = .now
            try await body(number)
            times.append(seconds(since: start) * 1_000)
          }
          return times
        }
      }
      var times: [Double] = []
      for try await some in group { times += some }
      return times.sorted()
    }
  }
}
