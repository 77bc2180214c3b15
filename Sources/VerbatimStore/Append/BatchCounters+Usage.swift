import Databases

/// What a row of `verbatim_usage_totals` sums up.
enum UsageGrain: Int64, Sendable, CaseIterable {
  /// Every account's use of a day.
  case everything = 0
  /// An account's.
  case account = 1
  /// That of one of its apps with one model.
  case app = 2
}

extension BatchCounters {
  /// By how much a row of usage moves.
  struct Usage {
    private(set) var exchanges: Int64 = 0
    private(set) var messages: Int64 = 0
    private(set) var promptTokens: Int64 = 0
    private(set) var completionTokens: Int64 = 0
    private(set) var price: Int64 = 0
    /// By bucket; empty for none.
    private(set) var latencies: [Int64] = []

    mutating func add(_ pending: PendingExchange) {
      exchanges += 1
      messages += Int64(pending.rowCount)
      promptTokens += pending.promptTokens
      completionTokens += pending.completionTokens
      price += pending.price
      guard let latency = pending.latency else { return }
      if latencies.isEmpty { latencies = Array(repeating: 0, count: LatencyHistogram.columns.count) }
      latencies[LatencyHistogram.bucket(of: latency)] += 1
    }

    mutating func add(_ other: Usage) {
      exchanges += other.exchanges
      messages += other.messages
      promptTokens += other.promptTokens
      completionTokens += other.completionTokens
      price += other.price
      guard !other.latencies.isEmpty else { return }
      if latencies.isEmpty { return latencies = other.latencies }
      for bucket in latencies.indices { latencies[bucket] += other.latencies[bucket] }
    }

    func bind(to binds: borrowing Binds, latencies moved: Range<Int>) {
      binds.integer(exchanges)
      binds.integer(messages)
      binds.integer(promptTokens)
      binds.integer(completionTokens)
      binds.integer(price)
      for index in moved { binds.integer(latencies.isEmpty ? 0 : latencies[index]) }
    }
  }
}
