/// Sums of usage, by group and in all.
package struct UsageReport: Sendable {
  /// What a group has in common.
  package enum Key: Sendable, Hashable {
    case day(Day)
    /// Its first millisecond; hours are those of UTC.
    case hour(Int64)
    case model(String)
    case app(account: String, id: String)
    case user(account: String, id: String)
    /// 0 where none is known.
    case channel(Int64)
    case status(String)
  }

  package struct Group: Sendable {
    /// In the order of the query's dimensions.
    package let keys: [Key]
    package internal(set) var usage: Usage
  }

  package struct Usage: Sendable, Equatable {
    /// Failed ones included.
    package internal(set) var exchanges: Int64 = 0
    package internal(set) var errors: Int64 = 0
    /// Those of failed exchanges left out.
    package internal(set) var messages: Int64 = 0
    package internal(set) var promptTokens: Int64 = 0
    package internal(set) var completionTokens: Int64 = 0
    /// Millionths of the currency.
    package internal(set) var price: Int64 = 0
    /// Within the range that was asked for; nil where nothing was used.
    package internal(set) var firstUse: Day?
    package internal(set) var lastUse: Day?
    /// nil where it was not asked for.
    package internal(set) var activeUsers: Int64?
    var latencies = [Int64](repeating: 0, count: LatencyHistogram.columns.count)

    /// How many exchanges named a latency.
    package var latencyCount: Int64 { latencies.reduce(0, +) }

    /// In milliseconds, as exact as the buckets in which latencies are counted; nil where no exchange named one.
    package func latency(atMostBy share: Double) -> Int64? { LatencyHistogram.percentile(share, of: latencies) }

    mutating func add(_ other: Usage) {
      exchanges += other.exchanges
      errors += other.errors
      messages += other.messages
      promptTokens.addBounded(other.promptTokens)
      completionTokens.addBounded(other.completionTokens)
      price.addBounded(other.price)
      firstUse = [firstUse, other.firstUse].compactMap(\.self).min()
      lastUse = [lastUse, other.lastUse].compactMap(\.self).max()
      for bucket in latencies.indices { latencies[bucket] += other.latencies[bucket] }
    }
  }

  /// Days and hours in their order, anything else by its exchanges, the most first.
  package internal(set) var groups: [Group] = []
  /// Of all groups, also of those that are left out.
  package internal(set) var total = Usage()
  /// Whether there are more groups than were asked for.
  package internal(set) var hasMore = false
  /// The zone in which days are meant.
  package let timeZone: String
}
