import Databases
import VerbatimModel

/// Moves the counters of usage.
extension Connection {
  /// `sorted`: each table's rows in the order of its key.
  func countUsage(_ counters: BatchCounters, sorted: Bool) throws(DatabaseError) {
    func ordered<Key>(
      _ rows: [Key: BatchCounters.Usage], by precedes: (Key, Key) -> Bool
    ) -> [(key: Key, value: BatchCounters.Usage)] {
      sorted ? rows.sorted { precedes($0.key, $1.key) } : Array(rows)
    }
    let buckets: Range<Int> = counters.latencyBuckets
    try count(ordered(counters.usageByDay) { $0.order < $1.order }, in: .byDay, buckets) { key, binds in
      binds.integer(Int64(key.day.number))
      binds.text(key.accountID.text)
      binds.text(key.userID.text)
      binds.text(key.appID.text)
      binds.text(key.modelName.text)
      binds.text(key.status)
    }
    try count(ordered(counters.usageByHour) { $0.order < $1.order }, in: .byHour, buckets) { key, binds in
      binds.integer(key.hour)
      binds.text(key.accountID.text)
      binds.text(key.appID.text)
      binds.text(key.modelName.text)
      binds.integer(key.channelID)
      binds.text(key.status)
    }
    try count(ordered(counters.usageTotals) { $0.order < $1.order }, in: .totals, buckets) { key, binds in
      binds.integer(key.grain.rawValue)
      binds.integer(Int64(key.day.number))
      binds.text(key.accountID.text)
      binds.text(key.appID.text)
      binds.text(key.modelName.text)
      binds.text(key.status)
    }
  }

  private func count<Key>(
    _ rows: [(key: Key, value: BatchCounters.Usage)], in columns: UsageColumns, _ buckets: Range<Int>,
    bindingKey bind: (Key, borrowing Binds) -> Void
  ) throws(DatabaseError) {
    let moved: Range<Int> = UsageColumns.wholeGroups(of: buckets)
    try insert(columns.inserting(buckets), rows: rows.count) { index, binds in
      bind(rows[index].key, binds)
      rows[index].value.bind(to: binds, latencies: moved)
    }
  }
}

extension BatchCounters.UsageByDayKey {
  fileprivate var order: (Int32, String, String, String, String, String) {
    (day.number, accountID.text, userID.text, appID.text, modelName.text, status)
  }
}

extension BatchCounters.UsageByHourKey {
  fileprivate var order: (Int64, String, String, String, Int64, String) {
    (hour, accountID.text, appID.text, modelName.text, channelID, status)
  }
}

extension BatchCounters.UsageTotalKey {
  /// What all writers share comes last, so that it is locked shortest.
  fileprivate var order: (Int64, Int32, String, String, String, String) {
    (-grain.rawValue, day.number, accountID.text, appID.text, modelName.text, status)
  }
}
