/// Whether a replica is read, and the line that tells of a change, once.
struct ReplicaState: Equatable {
  enum Condition: Equatable {
    /// Not looked at yet.
    case unknown
    case ready
    case away(reason: String)
    case lagging
  }

  private(set) var condition = Condition.unknown
  /// How often it was found away.
  private(set) var absences = 0

  /// Answers what is to be logged, for a condition of another kind than before.
  mutating func become(_ next: Condition) -> String? {
    if case .away = next { absences += 1 }
    defer { condition = next }
    switch (condition, next) {
    case (.ready, .ready), (.lagging, .lagging), (.away, .away), (_, .unknown): return nil
    case (_, .ready): return "MES reads go to the replica"
    case (_, .lagging): return "MES the replica lags behind; reads go to the history's own database"
    case (_, .away): return "MES the replica cannot be read; reads go to the history's own database"
    }
  }

  var name: String {
    switch condition {
    case .unknown: "unknown"
    case .ready: "ready"
    case .away: "away"
    case .lagging: "lagging"
    }
  }
}
