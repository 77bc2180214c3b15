import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct UsageTests {
  /// One exchange that is counted, as the test knows it.
  private struct Counted {
    let account: String
    let app: String
    let user: String
    let model: String
    let channel: Int64?
    let isFailure: Bool
    let time: Int64
    let latency: Int64?
  }

  private static let accounts = ["a", "b"]
  private static let count = 240

  /// Of every kind, over five days.
  private static let all: [Counted] = (0..<count).map(counted)

  private static func counted(_ number: Int) -> Counted {
    let offset: Int64 = Int64(number * 700_000) % 80_000_000
    let time: Int64 = midJanuary + Int64(number % 5) * dayLength + offset
    let latency: Int64? = number % 13 == 0 ? nil : Int64(number * number % 9_000)
    let channel: Int64? = number % 6 == 0 ? nil : Int64(number % 2 + 1)
    return Counted(
      account: accounts[number % 7 == 0 ? 1 : 0], app: "app-\(number % 3)", user: "user-\(number % 5)",
      model: "model-\(number % 4)", channel: channel, isFailure: number % 11 == 0, time: time, latency: latency)
  }

  private func fill(_ store: Store) async throws {
    for account in Self.accounts {
      let exchanges = Self.all.filter { $0.account == account }.map(exchange)
      for result in await store.append(exchanges, account: account) { _ = try result.get() }
    }
  }

  private func exchange(_ counted: Counted) -> NewExchange {
    var exchange: NewExchange = counted.isFailure ? .failure(conversation: "f-\(counted.app)") : .sample()
    exchange.appID = counted.app
    exchange.userID = counted.user
    exchange.modelName = counted.model
    exchange.channelID = counted.channel
    exchange.createdAt = counted.time
    exchange.latency = counted.latency.map { .milliseconds($0) }
    exchange.promptTokens = counted.time % 97
    exchange.completionTokens = counted.time % 31
    exchange.totalPrice = counted.time % 1_000
    return exchange
  }

  private func key(_ dimension: UsageQuery.Dimension, of counted: Counted, _ store: Store) -> UsageReport.Key {
    switch dimension {
    case .day: .day(store.calendar.day(of: counted.time))
    case .hour: .hour(counted.time - counted.time % 3_600_000)
    case .model: .model(counted.model)
    case .app: .app(account: counted.account, id: counted.app)
    case .user: .user(account: counted.account, id: counted.user)
    case .channel: .channel(counted.channel ?? 0)
    case .status: .status(counted.isFailure ? "error" : "normal")
    }
  }

  private func usage(_ part: [Counted], _ store: Store) -> UsageReport.Usage {
    var usage = UsageReport.Usage()
    usage.exchanges = Int64(part.count)
    usage.errors = Int64(part.count { $0.isFailure })
    usage.messages = 2 * (usage.exchanges - usage.errors)
    usage.promptTokens = part.reduce(0) { $0 + $1.time % 97 }
    usage.completionTokens = part.reduce(0) { $0 + $1.time % 31 }
    usage.price = part.reduce(0) { $0 + $1.time % 1_000 }
    usage.firstUse = part.map { store.calendar.day(of: $0.time) }.min()
    usage.lastUse = part.map { store.calendar.day(of: $0.time) }.max()
    for latency in part.compactMap(\.latency) { usage.latencies[LatencyHistogram.bucket(of: latency)] += 1 }
    return usage
  }

  /// Compares an answer with what is counted by hand.
  private func compare(_ query: UsageQuery, of counted: [Counted], _ store: Store) async throws {
    let report = try await store.usage(query)
    var expected = usage(counted, store)
    if query.countsActiveUsers { expected.activeUsers = Int64(Set(counted.map { [$0.account, $0.user] }).count) }
    #expect(report.total == expected, "\(query)")
    let groups = Dictionary(grouping: counted) { counted in query.dimensions.map { key($0, of: counted, store) } }
    #expect(report.groups.count == (query.dimensions.isEmpty ? 0 : groups.count), "\(query)")
    for group in report.groups {
      let part = groups[group.keys] ?? []
      var expected = usage(part, store)
      if query.countsActiveUsers { expected.activeUsers = Int64(Set(part.map { [$0.account, $0.user] }).count) }
      #expect(group.usage == expected, "\(query): \(group.keys)")
    }
  }

  private static let dimensions: [[UsageQuery.Dimension]] =
    [[]] + UsageQuery.Dimension.allCases.map { [$0] } + [
      [.day, .model], [.model, .user], [.user, .day], [.hour, .status], [.app, .channel], [.status, .day],
    ]

  private func compareAll(_ store: Store) async throws {
    let first = store.calendar.day(of: midJanuary)
    for dimensions in Self.dimensions {
      for (account, user) in [(nil, nil), ("a", nil), ("a", "user-2"), (nil, "user-2")] as [(String?, String?)] {
        var query = UsageQuery(Reach(account: account))
        query.dimensions = dimensions
        query.userID = user
        (query.from, query.to) = (first.adding(1), first.adding(3))
        if query.isByHour, query.isByUser { continue }
        query.countsActiveUsers = !query.isByHour
        let days = first.adding(1)...first.adding(3)
        let counted = Self.all.filter { counted in
          (account == nil || counted.account == account) && (user == nil || counted.user == user)
            && days.contains(store.calendar.day(of: counted.time))
        }
        try await compare(query, of: counted, store)
      }
    }
    var narrow = UsageQuery(Reach(account: "a", app: "app-1"))
    narrow.modelName = "model-2"
    narrow.dimensions = [.day]
    try await compare(
      narrow, of: Self.all.filter { $0.account == "a" && $0.app == "app-1" && $0.model == "model-2" }, store)
  }

  @Test(arguments: TestEngine.allCases)
  func `sums of every kind are those of the exchanges, also when their rows have gone`(engine: TestEngine) async throws
  {
    try await engine.withStore({ $0.isDaily = true }) { store in
      try await fill(store)
      try await compareAll(store)
      let before = try await store.findings()
      #expect(before == [])
      let day = store.calendar.day(of: midJanuary + dayLength)
      try await store.drop(day)
      _ = try await store.purge("f-app-0", within: .account("a"))
      try await compareAll(store)
      let after = try await store.findings()
      #expect(after == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `sums stop at their bound instead of failing`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let exchanges: [NewExchange] = (0..<3).map { day in
        var exchange = NewExchange.sample(conversation: "c-\(day)")
        exchange.createdAt = midJanuary + Int64(day) * dayLength
        (exchange.promptTokens, exchange.totalPrice) = (1_000, 1_000)
        return exchange
      }
      for result in await store.append(exchanges, account: "a") { _ = try result.get() }
      let almost: Int64 = Dialect.greatestSum - 10
      try await store.writing { connection in
        for table in ["verbatim_usage_by_day", "verbatim_usage_by_hour", "verbatim_usage_totals"] {
          try connection.execute(
            "UPDATE \(identifier: table) SET prompt_tokens = \(almost), total_price = \(almost)")
        }
        try connection.execute("UPDATE conversations SET total_tokens = \(almost), total_price = \(almost)")
      }
      for result in await store.append(exchanges, account: "a") { _ = try result.get() }
      for dimensions in [[], [.day], [.user], [.channel], [.model, .day]] as [[UsageQuery.Dimension]] {
        var query = UsageQuery(Reach(account: nil))
        query.dimensions = dimensions
        let report = try await store.usage(query)
        #expect(report.total.price == Dialect.greatestSum && report.total.promptTokens == Dialect.greatestSum)
        #expect(report.groups.allSatisfy { $0.usage.price == Dialect.greatestSum })
      }
      #expect(try await store.statistics(within: Reach(account: "a")).tokens == Dialect.greatestSum)
      _ = try await store.findings()
    }
  }

  @Test func `groups are cut off at the limit, and their total is not`() async throws {
    try await TestEngine.sqlite.withStore { store in
      try await fill(store)
      var query = UsageQuery(Reach(account: nil))
      query.dimensions = [.user]
      query.limit = 3
      let report = try await store.usage(query)
      #expect(report.hasMore && report.groups.count == 3)
      #expect(report.total.exchanges == Int64(Self.count))
      let sizes = report.groups.map(\.usage.exchanges)
      #expect(sizes == sizes.sorted(by: >))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a history from before the totals gets them`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { store in try await fill(store) }
      let configuration = Store.Configuration(fixture.engine)
      try await Store.migrate(configuration, to: Migration.usageTotals.version - 1, allowsLoss: true) { _ in }
      try await fixture.withStore { store in
        try await compareAll(store)
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }

  @Test func `a percentile lies in the bucket of the exact one`() {
    let latencies: [Int64] = (0..<1_000).map { $0 * $0 / 7 + 1 }
    var counts = [Int64](repeating: 0, count: LatencyHistogram.columns.count)
    for latency in latencies { counts[LatencyHistogram.bucket(of: latency)] += 1 }
    for (share, rank) in [(0.5, 500), (0.95, 950), (0.99, 990), (0, 1)] {
      let estimate = LatencyHistogram.percentile(share, of: counts)
      let bucket = LatencyHistogram.bucket(of: latencies[rank - 1])
      #expect(estimate.map(LatencyHistogram.bucket) == min(bucket, LatencyHistogram.upperBounds.count - 1))
    }
    #expect(LatencyHistogram.percentile(0.5, of: counts.map { _ in 0 }) == nil)
  }
}
