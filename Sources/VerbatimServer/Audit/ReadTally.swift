import VerbatimModel
import VerbatimStore

/// Counts reads by who reads what, until their counts are written: one row for an actor, a conversation and a minute.
///
/// A row is written soon after its first read, and once more with its last count when its minute is over; so what is
/// read again and again costs two writes a minute. A plain value: the trail around it holds the lock and writes.
struct ReadTally: Sendable {
  /// Rows to be written, with their counts as of now.
  struct Batch {
    fileprivate struct Place {
      let segment: Int
      let row: Int
    }

    private(set) var entries: [AuditEntry] = []
    fileprivate private(set) var places: [Place] = []

    fileprivate mutating func add(_ row: Row, at place: Place) {
      entries.append(row.entry)
      places.append(place)
    }
  }

  fileprivate struct Row {
    let subject: AuditSubject
    let id: UUIDv7
    let request: String
    var count = 1
    /// The count as it was written; 0: not yet.
    var written = 0

    var entry: AuditEntry { AuditEntry(of: subject, id: id, request: request, count: count) }
  }

  /// The reads of a minute, or of as much of it as there is room for.
  fileprivate struct Segment {
    let minute: Int64
    var rows: [Row] = []
    var places: [AuditSubject: Int] = [:]
    /// Those before it need not be looked at: of the current segment they were written once, of a former one for good.
    var done = 0
  }

  private let capacity: Int
  private var current = Segment(minute: 0)
  /// Those that are over, by the number of the first; they go when they are written.
  private var past: [Segment] = []
  private var firstPast = 0
  private var pastCount = 0

  /// `capacity`: how many rows are kept in memory; those of the current minute are at most half of it.
  init(capacity: Int) { self.capacity = capacity }

  /// False where too many wait: then the read must not be answered. `id` makes one for the first of a row.
  mutating func note(_ subject: AuditSubject, at time: Int64, request: String, id: () -> UUIDv7) -> Bool {
    beginSegment(of: time / 60_000)
    if let place = current.places[subject] {
      current.rows[place].count += 1
      return true
    }
    guard pastCount + current.rows.count < capacity else { return false }
    if current.rows.count >= max(capacity / 2, 1) { end(beginning: current.minute) }
    current.places[subject] = current.rows.count
    current.rows.append(Row(subject: subject, id: id(), request: request))
    return true
  }

  private mutating func beginSegment(of minute: Int64) {
    // A clock that was put back a little begins nothing.
    guard minute > current.minute || minute < current.minute - 1 else { return }
    end(beginning: minute)
  }

  private mutating func end(beginning minute: Int64) {
    if !current.rows.isEmpty {
      pastCount += current.rows.count
      current.done = 0
      past.append(current)
    }
    current = Segment(minute: minute)
  }

  /// At most `limit` rows: those of this minute that were never written, or where `isAll` those that have grown as well,
  /// then what is over and has another count than was written.
  func waiting(limit: Int, isAll: Bool = false) -> Batch {
    var batch = Batch()
    add(to: &batch, current, number: firstPast + past.count, from: isAll ? 0 : current.done, limit)
    for (index, segment) in past.enumerated() where batch.entries.count < limit {
      add(to: &batch, segment, number: firstPast + index, from: segment.done, limit - batch.entries.count)
    }
    return batch
  }

  private func add(to batch: inout Batch, _ segment: Segment, number: Int, from first: Int, _ limit: Int) {
    var room = limit
    for place in segment.rows[first...].indices where segment.rows[place].count != segment.rows[place].written {
      guard room > 0 else { return }
      batch.add(segment.rows[place], at: Batch.Place(segment: number, row: place))
      room -= 1
    }
  }

  /// The batch was written. Answers what is forgotten now, which is much to free while a lock is held.
  mutating func wrote(_ batch: Batch) -> [Any] {
    for (entry, place) in zip(batch.entries, batch.places) {
      let index = place.segment - firstPast
      if index == past.count, place.row < current.rows.count {
        current.rows[place.row].written = entry.count
      } else if past.indices.contains(index) {
        past[index].rows[place.row].written = entry.count
      }
    }
    current.pass { $0.written > 0 }
    for index in past.indices { past[index].pass { $0.written == $0.count } }
    return forgetWritten()
  }

  private mutating func forgetWritten() -> [Any] {
    let written = past.prefix { $0.done == $0.rows.count }
    guard !written.isEmpty else { return [] }
    past.removeFirst(written.count)
    firstPast += written.count
    pastCount -= written.reduce(0) { $0 + $1.rows.count }
    return Array(written)
  }
}

extension ReadTally.Segment {
  fileprivate mutating func pass(_ isDone: (ReadTally.Row) -> Bool) {
    while done < rows.count, isDone(rows[done]) { done += 1 }
  }
}
