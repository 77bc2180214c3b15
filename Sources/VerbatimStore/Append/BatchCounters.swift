import Databases
import VerbatimModel

/// What a batch adds to the counters, summed so that each row of a counter is moved once a batch.
struct BatchCounters {
  struct ConversationKey: Hashable {
    let accountID: ExactText
    let id: ExactText
  }

  struct ConversationChange {
    /// The exchange that names a conversation that is new.
    let first: PendingExchange
    var modelName: String
    var dialogues: Int64 = 0
    var errors: Int64 = 0
    var messages: Int64 = 0
    var tokens: Int64 = 0
    var price: Int64 = 0
    var createdAt: Int64
    var lastActiveAt: Int64
    var updatedAt: Int64
    var days: Set<Day> = []
  }

  struct UsageByDayKey: Hashable {
    let day: Day
    let accountID: ExactText
    let appID: ExactText
    let userID: ExactText
    let modelName: ExactText
    let status: String
  }

  struct UsageByHourKey: Hashable {
    /// The hour's first millisecond.
    let hour: Int64
    let accountID: ExactText
    let appID: ExactText
    let modelName: ExactText
    /// 0 where none is known.
    let channelID: Int64
    let status: String
  }

  /// Of `verbatim_usage_totals`.
  struct UsageTotalKey: Hashable {
    let grain: UsageGrain
    let day: Day
    /// "" where all are meant, as are the other two.
    let accountID: ExactText
    let appID: ExactText
    let modelName: ExactText
    let status: String
  }

  struct PartitionChange {
    var exchanges: Int64 = 0
    var messages: Int64 = 0
    var errors: Int64 = 0
    var bytes: Int64 = 0
  }

  private(set) var conversations: [ConversationKey: ConversationChange] = [:]
  private(set) var usageByDay: [UsageByDayKey: Usage] = [:]
  private(set) var usageByHour: [UsageByHourKey: Usage] = [:]
  private(set) var usageTotals: [UsageTotalKey: Usage] = [:]
  /// The latency buckets that the batch moves, and those between.
  private(set) var latencyBuckets: Range<Int> = 0..<0
  private(set) var partitions: [Day: PartitionChange] = [:]

  init(_ batch: [PendingExchange]) {
    conversations.reserveCapacity(batch.count)
    usageByDay.reserveCapacity(batch.count)
    for pending in batch { add(pending) }
    sumTotals()
  }

  private mutating func add(_ pending: PendingExchange) {
    let exchange: NewExchange = pending.exchange
    let failures: Int64 = pending.isFailure ? 1 : 0

    let conversation = ConversationKey(
      accountID: ExactText(pending.accountID), id: ExactText(pending.conversationID))
    let unchanged = ConversationChange(
      first: pending, modelName: exchange.modelName, createdAt: pending.createdAt, lastActiveAt: pending.createdAt,
      updatedAt: pending.updatedAt)
    Self.update(&conversations[conversation, default: unchanged], with: pending)

    let dayKey = UsageByDayKey(
      day: pending.day, accountID: conversation.accountID, appID: ExactText(exchange.appID),
      userID: ExactText(exchange.userID), modelName: ExactText(exchange.modelName), status: pending.status)
    usageByDay[dayKey, default: Usage()].add(pending)

    if let bucket = pending.latency.map(LatencyHistogram.bucket) { extendLatencyBuckets(to: bucket) }

    let hourKey = UsageByHourKey(
      hour: pending.createdAt - pending.createdAt % 3_600_000, accountID: dayKey.accountID, appID: dayKey.appID,
      modelName: dayKey.modelName, channelID: exchange.channelID ?? 0, status: pending.status)
    usageByHour[hourKey, default: Usage()].add(pending)

    let totalKey = UsageTotalKey(
      grain: .app, day: pending.day, accountID: dayKey.accountID, appID: dayKey.appID, modelName: dayKey.modelName,
      status: pending.status)
    usageTotals[totalKey, default: Usage()].add(pending)

    var partition: PartitionChange = partitions[pending.day] ?? PartitionChange()
    partition.exchanges += 1 - failures
    partition.messages += Int64(pending.rowCount)
    partition.errors += failures
    partition.bytes += Int64(pending.size)
    partitions[pending.day] = partition
  }

  /// What accounts, and all of them, come to, from their apps.
  private mutating func sumTotals() {
    for (key, usage) in usageTotals where key.grain == .app {
      for grain in [UsageGrain.account, .everything] {
        let account = grain == .account ? key.accountID : ExactText("")
        let total = UsageTotalKey(
          grain: grain, day: key.day, accountID: account, appID: ExactText(""), modelName: ExactText(""),
          status: key.status)
        usageTotals[total, default: Usage()].add(usage)
      }
    }
  }

  private mutating func extendLatencyBuckets(to bucket: Int) {
    let reached: Range<Int> = latencyBuckets.isEmpty ? bucket..<bucket + 1 : latencyBuckets
    latencyBuckets = min(reached.lowerBound, bucket)..<max(reached.upperBound, bucket + 1)
  }

  private static func update(_ change: inout ConversationChange, with pending: PendingExchange) {
    if pending.isFailure { change.errors += 1 } else { change.dialogues += 1 }
    change.messages += Int64(pending.rowCount)
    change.tokens += pending.totalTokens
    change.price += pending.price
    change.modelName = pending.exchange.modelName
    change.createdAt = min(change.createdAt, pending.createdAt)
    change.lastActiveAt = max(change.lastActiveAt, pending.createdAt)
    change.updatedAt = max(change.updatedAt, pending.updatedAt)
    change.days.insert(pending.day)
  }
}
