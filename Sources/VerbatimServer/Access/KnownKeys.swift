import VerbatimModel
import VerbatimStore

/// Keys that are remembered by what they are looked up by: at most so many, of which those that were not used for the
/// longest time go first, as with `BucketTable`.
struct KnownKeys: Sendable {
  private let generationSize: Int
  private var younger: [KeyDigest: KeyHolder] = [:]
  private var older: [KeyDigest: KeyHolder] = [:]

  init(capacity: Int) { generationSize = max(1, capacity / 2) }

  var count: Int { younger.count + older.count }

  /// The key, which counts as used.
  mutating func use(_ digest: KeyDigest) -> KeyHolder? {
    if let holder = younger[digest] { return holder }
    guard let holder = older.removeValue(forKey: digest) else { return nil }
    insert(holder, for: digest)
    return holder
  }

  mutating func insert(_ holder: KeyHolder, for digest: KeyDigest) {
    if younger.count >= generationSize {
      older = younger
      younger.removeAll(keepingCapacity: true)
    }
    older.removeValue(forKey: digest)
    younger[digest] = holder
  }

  /// Keys that are not remembered stay so.
  mutating func replace(_ holder: KeyHolder, for digest: KeyDigest) {
    if younger[digest] != nil { younger[digest] = holder } else if older[digest] != nil { older[digest] = holder }
  }

  /// Calls `body` with each of them.
  mutating func update(_ body: (inout KeyHolder) -> Void) {
    for index in younger.indices { body(&younger.values[index]) }
    for index in older.indices { body(&older.values[index]) }
  }

  mutating func removeAll() {
    younger.removeAll(keepingCapacity: true)
    older.removeAll(keepingCapacity: true)
  }
}
