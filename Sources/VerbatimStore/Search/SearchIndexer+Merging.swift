import Databases
import VerbatimModel

/// Makes few segments of many, so that a search looks into few: of a day's segments of about one size eight become one.
/// What was purged is left out on the way.
extension SearchIndexer {
  private static let segmentsAtOnce = 8
  /// Rows of terms that are read at once of each segment.
  private static let termsRead = 1_000

  /// Merges segments of one day; answers whether there were any.
  func mergeSome() async throws -> Bool {
    let today: Day = store.today
    let days: [Day] = try await store.database.read { try $0.daysWithSmallSegments() }
    for day in days {
      let segments: [SearchSegment] = try await store.database.read { try $0.liveSegments(of: day) }
      guard let group = Self.group(of: segments, isPast: day < today) else { continue }
      try await merge(group, on: day)
      return true
    }
    return false
  }

  /// Segments that are to become one; nil where none are. On a day that is over two are enough.
  static func group(of segments: [SearchSegment], isPast: Bool) -> [SearchSegment]? {
    let small: [SearchSegment] = segments.filter { $0.documents < SearchSegment.small }
    let tiers: [Int: [SearchSegment]] = Dictionary(grouping: small) { segment in
      (segment.documents.bitWidth - segment.documents.leadingZeroBitCount) / 3
    }
    let full = tiers.filter { $0.value.count >= segmentsAtOnce }.min { $0.key < $1.key }
    if let full { return fitting(full.value) }
    return isPast && small.count > 1 ? fitting(small) : nil
  }

  private static func fitting(_ segments: [SearchSegment]) -> [SearchSegment]? {
    var documents = 0
    let group: [SearchSegment] = Array(
      segments.sorted { $0.documents < $1.documents }.prefix { segment in
        documents += segment.documents
        return documents <= SearchSegment.largest
      })
    return group.count > 1 ? group.sorted { $0.id < $1.id } : nil
  }

  /// Leaves out what was purged; answers whether anything was.
  func removePurged() async throws -> Bool {
    let removals: [SearchRemoval] = try await store.database.read { try $0.searchRemovals() }
    guard let day = removals.first?.day else { return false }
    let ofDay: [SearchRemoval] = removals.filter { $0.day == day }
    for segment in try await store.database.read({ try $0.liveSegments(of: day) })
    where ofDay.contains(where: { $0.overlaps(segment) }) {
      try await merge([segment], on: day)
    }
    try await publish { try $0.forget(ofDay) }
    return true
  }

  /// Replaces segments by one of what the history still has of them.
  private func merge(_ segments: [SearchSegment], on day: Day) async throws {
    let sources: [[UUIDv7]] = try await store.database.read { connection in
      try segments.map { try connection.documents(of: $0) }
    }
    let present: Set<UUIDv7> = try await presentMessages(of: day, among: sources)
    let merge = SegmentMerge(sources) { present.contains($0) }
    let retired: [Int64] = segments.map(\.id)
    let sealed: Int = segments.reduce(0) { $0 + $1.sealed }
    guard !merge.ids.isEmpty else { return try await publish { try $0.retireSegments(retired) } }
    let new: Int64 = try await write { try $0.beginSegment(of: day) }
    try await writeTerms(of: segments, merge, to: new)
    try await publish { connection in
      try connection.publish(new, merge.ids, sealed: min(sealed, merge.ids.count))
      try connection.retireSegments(retired)
    }
    try await deleteUnseen()
  }

  private func writeTerms(of segments: [SearchSegment], _ merge: SegmentMerge, to new: Int64) async throws {
    var readers: [TermReader] = segments.map { TermReader(segment: $0) }
    var rows: [SearchTermRow] = []
    while true {
      for index in readers.indices where readers[index].isEmpty {
        let (segment, last) = (readers[index].segment, readers[index].last)
        readers[index].add(
          try await store.database.read { try $0.terms(of: segment, behind: last, limit: Self.termsRead) })
      }
      // Up to where one of them has to be read on.
      while let term = readers.compactMap(\.first?.term).min(by: { $0.lexicographicallyPrecedes($1) }) {
        var parts: [(source: Int, postings: [UInt8])] = []
        for index in readers.indices where readers[index].first?.term == term {
          if let row = readers[index].removeFirst() { parts.append((index, row.postings)) }
        }
        if let postings = try merge.postings(parts) { rows.append(SearchTermRow(term: term, postings: postings)) }
        if readers.contains(where: { $0.isEmpty && !$0.isAtEnd }) { break }
      }
      let isOver: Bool = readers.allSatisfy { $0.isEmpty && $0.isAtEnd }
      if rows.count >= Self.termsRead || isOver {
        let part: [SearchTermRow] = rows
        rows = []
        try await write { try $0.addTerms(part[...], to: new) }
      }
      if isOver { return }
    }
  }

  /// Those of a day that the history has.
  private func presentMessages(of day: Day, among sources: [[UUIDv7]]) async throws -> Set<UUIDv7> {
    let newest: UUIDv7? = sources.compactMap(\.first).max()
    let oldest: UUIDv7? = sources.compactMap(\.last).min()
    guard let newest, let oldest else { return [] }
    return try await store.readingHistory { connection, absent in
      let place: DayPlace = try connection.dayPlace(of: day) ?? .unentered(day)
      var present: Set<UUIDv7> = []
      for table in place.searchedTables(without: absent) {
        try connection.forEachRow(
          "SELECT id FROM \(identifier: table.name) WHERE id >= \(oldest) AND id <= \(newest)"
        ) { row in
          present.insert(try row.uuid(0))
          return true
        }
      }
      return present
    }
  }
}

/// A segment's terms in their order, some at a time.
private struct TermReader {
  let segment: SearchSegment
  /// The last term that was read.
  private(set) var last: [UInt8] = []
  private(set) var isAtEnd = false
  private var rows: [SearchTermRow] = []
  private var position = 0

  init(segment: SearchSegment) { self.segment = segment }

  var isEmpty: Bool { position == rows.count }
  var first: SearchTermRow? { isEmpty ? nil : rows[position] }

  mutating func add(_ rows: [SearchTermRow]) {
    self.rows = rows
    position = 0
    if let last = rows.last { self.last = last.term } else { isAtEnd = true }
  }

  mutating func removeFirst() -> SearchTermRow? {
    guard !isEmpty else { return nil }
    defer { position += 1 }
    return rows[position]
  }
}

/// Messages that were purged lie between these.
struct SearchRemoval: Sendable, Equatable {
  let day: Day
  let firstID: UUIDv7
  let lastID: UUIDv7

  func overlaps(_ segment: SearchSegment) -> Bool { segment.firstID <= lastID && firstID <= segment.lastID }
}

extension Connection {
  /// To be called in the transaction that deletes the messages.
  func enter(_ removal: SearchRemoval) throws {
    try insert(.searchRemovals, rows: 1) { _, binds in
      binds.integer(Int64(removal.day.number))
      binds.id(removal.firstID)
      binds.id(removal.lastID)
    }
  }

  fileprivate func searchRemovals() throws -> [SearchRemoval] {
    try query("SELECT day, first_id, last_id FROM verbatim_search_removals ORDER BY day, first_id LIMIT 1000") { row in
      SearchRemoval(
        day: Day(number: Int32(clamping: row.integer(0))), firstID: try row.uuid(1), lastID: try row.uuid(2))
    }
  }

  fileprivate func forget(_ removals: [SearchRemoval]) throws {
    for removal in removals {
      try execute(
        """
        DELETE FROM verbatim_search_removals
        WHERE day = \(removal.day.number) AND first_id = \(removal.firstID) AND last_id = \(removal.lastID)
        """)
    }
  }

  /// Days with several segments that are to be merged when they are enough; not while a day is scanned, since what the
  /// scan replaces must not be mixed with what replaces it.
  fileprivate func daysWithSmallSegments() throws -> [Day] {
    try query(
      """
      SELECT s.day
      FROM verbatim_search_segments AS s
      JOIN verbatim_search_days AS d ON d.day = s.day
      WHERE s.state = \(SearchSegment.State.live.rawValue) AND s.documents < \(SearchSegment.small)
        AND d.state = \(SearchDay.State.whole.rawValue)
      GROUP BY s.day
      HAVING count(*) > 1
      ORDER BY s.day DESC
      """
    ) { Day(number: Int32(clamping: $0.integer(0))) }
  }
}
