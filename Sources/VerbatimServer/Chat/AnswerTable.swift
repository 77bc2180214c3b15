/// Answers by the digest of what they answer: bounded in number, bytes and time; those that were not used for the longest
/// time go first. Plain state.
struct AnswerTable: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// A member of the list in the order of use, which is linked by keys.
  private struct Entry {
    let answer: CachedAnswer
    let end: Instant
    var older: String?
    var newer: String?
  }

  private let capacity: Int
  private let mostBytes: Int
  private let lifetime: Duration
  private var entries: [String: Entry] = [:]
  private var newest: String?
  private var oldest: String?
  private(set) var byteCount = 0

  init(capacity: Int, bytes: Int, lifetime: Duration) {
    self.capacity = capacity
    mostBytes = bytes
    self.lifetime = lifetime
  }

  var count: Int { entries.count }

  mutating func answer(for key: String, at now: Instant) -> CachedAnswer? {
    guard let entry = remove(key), entry.end > now else { return nil }
    insert(entry, for: key)
    return entry.answer
  }

  /// One that alone is larger than a tenth of the room is not kept.
  mutating func keep(_ answer: CachedAnswer, for key: String, at now: Instant) {
    guard answer.byteCount <= mostBytes / 10, capacity > 0 else { return }
    _ = remove(key)
    insert(Entry(answer: answer, end: now + lifetime), for: key)
    while entries.count > capacity || byteCount > mostBytes, let oldest { _ = remove(oldest) }
  }

  private mutating func insert(_ entry: Entry, for key: String) {
    var entry = entry
    entry.older = newest
    entry.newer = nil
    if let newest { entries[newest]?.newer = key }
    newest = key
    if oldest == nil { oldest = key }
    entries[key] = entry
    byteCount += entry.answer.byteCount
  }

  private mutating func remove(_ key: String) -> Entry? {
    guard let entry = entries.removeValue(forKey: key) else { return nil }
    if let older = entry.older { entries[older]?.newer = entry.newer } else { oldest = entry.newer }
    if let newer = entry.newer { entries[newer]?.older = entry.older } else { newest = entry.older }
    byteCount -= entry.answer.byteCount
    return entry
  }
}
