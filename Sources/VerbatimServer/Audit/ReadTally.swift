import VerbatimModel
import VerbatimStore

/// Counts reads by who reads what, until their counts are written: one row for an actor, a conversation and a minute.
///
/// A plain value: the trail around it holds the lock and writes.
struct ReadTally: Sendable {
  /// Reads that share these share a row. Texts are compared byte by byte, as the database does.
  private struct Subject: Hashable {
    let minute: Int64
    /// One after the other, each ended by a NUL, which none of them holds.
    let texts: [UInt8]

    init(_ entry: AuditEntry) {
      minute = entry.time / 60_000
      var texts: [UInt8] = []
      texts.reserveCapacity(256)
      for text in [entry.action, entry.actor, entry.key, entry.account, entry.address] {
        texts += text.utf8
        texts.append(0)
      }
      for text in [entry.conversation, entry.detail] {
        texts += (text ?? "").utf8
        texts.append(0)
      }
      self.texts = texts
    }
  }

  private let capacity: Int
  private var counted: [Subject: AuditEntry] = [:]
  /// Those whose count is not written yet.
  private var unwritten: Set<Subject> = []
  /// The minute whose forerunners were forgotten.
  private var tidiedMinute: Int64 = 0

  /// `capacity`: how many rows may wait for being written.
  init(capacity: Int) { self.capacity = capacity }

  var unwrittenCount: Int { unwritten.count }

  /// False where too many wait: then the read must not be answered.
  mutating func note(_ entry: AuditEntry) -> Bool {
    let subject = Subject(entry)
    guard unwritten.contains(subject) || unwritten.count < capacity else { return false }
    if counted[subject] == nil { counted[subject] = entry } else { counted[subject]?.count += 1 }
    unwritten.insert(subject)
    return true
  }

  /// At most `limit` rows with their counts as of now.
  func waiting(limit: Int) -> [AuditEntry] {
    unwritten.prefix(limit).compactMap { counted[$0] }
  }

  /// The rows were written with these counts. What has grown meanwhile goes on waiting; what belongs to a minute that is
  /// over is forgotten, and so is everything written where there is much of it: the next read begins another row.
  mutating func wrote(_ entries: [AuditEntry], at time: Int64) {
    let minute = time / 60_000
    let isCrowded = counted.count > capacity / 2
    var kept: Set<Subject> = []
    for entry in entries {
      let subject = Subject(entry)
      guard counted[subject] == entry else { continue }
      unwritten.remove(subject)
      if isCrowded || subject.minute < minute { counted[subject] = nil } else { kept.insert(subject) }
    }
    guard isCrowded || minute > tidiedMinute else { return }
    // The first of a minute, so what is written and not of now is of another; no walk over all, while reads wait.
    tidiedMinute = minute
    counted = Dictionary(
      unwritten.union(kept).compactMap { subject in counted[subject].map { (subject, $0) } }, uniquingKeysWith: { $1 })
  }
}
