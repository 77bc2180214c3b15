/// How much is written at once, and how much may wait.
struct AppendLimits: Sendable {
  /// A batch closes at this many exchanges or bytes, whichever comes first; a larger exchange goes alone.
  var batchCount = 512
  var batchBytes = 8 << 20
  /// Beyond this, callers wait.
  var queueCount = 8_192
  var queueBytes = 64 << 20
  /// How long a batch waits for a server that went away, before its callers are told.
  var patience: Duration = .seconds(3)
  /// How long a server may take to commit a batch, before its callers are told; nil: as long as it takes.
  var answerPatience: Duration?

  /// What one of several lanes may hold, so that all together hold no more.
  func shared(by lanes: Int) -> AppendLimits {
    var limits: AppendLimits = self
    limits.queueCount = max(batchCount, queueCount / lanes)
    limits.queueBytes = max(batchBytes, queueBytes / lanes)
    return limits
  }
}

/// What waits to be written, in order of arrival, bounded by count and bytes: plain state, no locks.
struct AppendQueue<Entry> {
  private let limits: AppendLimits
  /// nil where taken: what was taken is not kept alive.
  private var entries: [(entry: Entry, size: Int)?] = []
  private var head = 0
  private(set) var bytes = 0

  var count: Int { entries.count - head }
  var isEmpty: Bool { count == 0 }
  /// An empty queue takes an exchange of any size, or a large one would never be written.
  func hasRoom(for size: Int) -> Bool {
    isEmpty || (count < limits.queueCount && bytes + size <= limits.queueBytes)
  }

  init(limits: AppendLimits) {
    self.limits = limits
  }

  mutating func push(_ entry: Entry, size: Int) {
    entries.append((entry, size))
    bytes += size
  }

  /// Takes the next batch; empty when nothing waits.
  mutating func takeBatch() -> [Entry] {
    var batch: [Entry] = []
    batch.reserveCapacity(min(count, limits.batchCount))
    var batchBytes: Int = 0
    while head < entries.count, batch.count < limits.batchCount {
      guard let (entry, size) = entries[head] else { break }
      if !batch.isEmpty && batchBytes + size > limits.batchBytes { break }
      entries[head] = nil
      batch.append(entry)
      batchBytes += size
      head += 1
    }
    bytes -= batchBytes
    if head == entries.count {
      entries.removeAll(keepingCapacity: entries.capacity <= limits.queueCount)
      head = 0
    } else if head > limits.queueCount {
      entries.removeFirst(head)
      head = 0
    }
    return batch
  }
}
