import Databases
import VerbatimModel

/// Writes segments, within transactions: what they leave is not seen before the segment is published.
extension Connection {
  /// Rows of terms that one step deletes.
  private static let termsAtOnce = 4_000

  /// Begins a segment that nobody sees yet; answers its id.
  func beginSegment(of day: Day) throws -> Int64 {
    let id: Int64 = try first("SELECT coalesce(max(id), 0) + 1 FROM verbatim_search_segments") { $0.integer(0) } ?? 1
    try execute(
      """
      INSERT INTO verbatim_search_segments (id, day, state, documents, sealed, first_id, last_id)
      VALUES (\(id), \(day.number), \(SearchSegment.State.building.rawValue), \(0), \(0), \(UUIDv7.beforeAll),
        \(UUIDv7.beforeAll))
      """)
    return id
  }

  /// Adds terms, in their order.
  func addTerms(_ rows: ArraySlice<SearchTermRow>, to segment: Int64) throws {
    try insert(.searchTerms, rows: rows.count) { index, binds in
      let row: SearchTermRow = rows[rows.startIndex + index]
      binds.integer(segment)
      binds.blob(row.term[...])
      binds.blob(row.postings[...])
    }
  }

  /// Enters a segment's documents, newest first, and makes it one that searches see.
  func publish(_ segment: Int64, _ ids: [UUIDv7], sealed: Int) throws {
    guard let newest = ids.first, let oldest = ids.last else { return }
    let chunks: [[UInt8]] = SearchDocuments.chunks(of: ids)
    try insert(.searchDocuments, rows: chunks.count) { index, binds in
      binds.integer(segment)
      binds.integer(Int64(index))
      binds.blob(chunks[index][...])
    }
    try execute(
      """
      UPDATE verbatim_search_segments
      SET state = \(SearchSegment.State.live.rawValue), documents = \(ids.count), sealed = \(sealed),
        first_id = \(oldest), last_id = \(newest)
      WHERE id = \(segment)
      """)
  }

  /// Searches see these no more.
  func retireSegments(_ ids: [Int64]) throws {
    guard !ids.isEmpty else { return }
    try execute(
      """
      UPDATE verbatim_search_segments
      SET state = \(SearchSegment.State.gone.rawValue)
      WHERE id IN (\(list: ids))
      """)
  }

  /// Segments that nobody sees: replaced, or begun and never published.
  func unseenSegments() throws -> [Int64] {
    try query("SELECT id FROM verbatim_search_segments WHERE state <> \(SearchSegment.State.live.rawValue)") {
      $0.integer(0)
    }
  }

  /// Deletes some of a segment; answers whether something may be left.
  func deleteSome(ofSegment id: Int64) throws -> Bool {
    let last: Bytes? = try first(
      """
      SELECT term
      FROM verbatim_search_terms
      WHERE segment = \(id)
      ORDER BY term
      LIMIT 1 OFFSET \(Self.termsAtOnce - 1)
      """
    ) { $0.bytes(0) ?? [] }
    if let last {
      try execute("DELETE FROM verbatim_search_terms WHERE segment = \(id) AND term <= \(last)")
      return true
    }
    try execute("DELETE FROM verbatim_search_terms WHERE segment = \(id)")
    try execute("DELETE FROM verbatim_search_documents WHERE segment = \(id)")
    try execute("DELETE FROM verbatim_search_segments WHERE id = \(id)")
    return false
  }

  /// Of a day, in the order in which they were begun.
  func liveSegments(of day: Day) throws -> [SearchSegment] {
    try query(
      """
      SELECT \(unsafeSQL: SearchSegment.columns)
      FROM verbatim_search_segments
      WHERE day = \(day.number) AND state = \(SearchSegment.State.live.rawValue)
      ORDER BY id
      """
    ) { try SearchSegment($0) }
  }

  /// All of a segment's documents, newest first.
  func documents(of segment: SearchSegment) throws -> [UUIDv7] {
    try query("SELECT ids FROM verbatim_search_documents WHERE segment = \(segment.id) ORDER BY chunk") { row in
      try SearchDocuments.ids(in: row.bytes(0) ?? [])
    }.flatMap(\.self)
  }

  /// Terms behind one, in their order.
  func terms(of segment: SearchSegment, behind term: [UInt8], limit: Int) throws -> [SearchTermRow] {
    try query(
      """
      SELECT term, postings
      FROM verbatim_search_terms
      WHERE segment = \(segment.id) AND term > \(term)
      ORDER BY term
      LIMIT \(limit)
      """
    ) { row in SearchTermRow(term: Array(row.bytes(0) ?? []), postings: Array(row.bytes(1) ?? [])) }
  }
}
