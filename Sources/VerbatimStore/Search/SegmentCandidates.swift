import Databases
import VerbatimModel

/// The messages of a segment that may satisfy a search, newest first.
struct SegmentCandidates: Sendable {
  let segment: SearchSegment
  /// Numbers of messages, ascending.
  private let numbers: [UInt32]
  private var position = 0
  /// The chunk of ids that was read last.
  private var chunk: (number: Int, ids: [UUIDv7])?

  init(_ segment: SearchSegment, _ numbers: [UInt32]) {
    self.segment = segment
    self.numbers = numbers
  }

  var isEmpty: Bool { position == numbers.count }

  /// The newest that is left; nil at the end.
  mutating func first(on connection: isolated Connection) throws -> UUIDv7? {
    isEmpty ? nil : try id(of: Int(numbers[position]), on: connection)
  }

  mutating func removeFirst() { position += 1 }

  /// Passes over what is not before an id.
  mutating func skip(notBefore bound: UUIDv7, on connection: isolated Connection) throws {
    guard segment.lastID >= bound else { return }
    var (low, high) = (position, numbers.count)
    while low < high {
      let middle: Int = (low + high) / 2
      if try id(of: Int(numbers[middle]), on: connection) < bound { high = middle } else { low = middle + 1 }
    }
    position = low
  }

  private mutating func id(of number: Int, on connection: isolated Connection) throws -> UUIDv7 {
    let (wanted, offset) = number.quotientAndRemainder(dividingBy: SearchSegment.chunkSize)
    if chunk?.number != wanted {
      let ids: [UUIDv7]? = try connection.first(
        "SELECT ids FROM verbatim_search_documents WHERE segment = \(segment.id) AND chunk = \(wanted)"
      ) { try SearchDocuments.ids(in: $0.bytes(0) ?? []) }
      chunk = (wanted, ids ?? [])
    }
    guard let ids = chunk?.ids, offset < ids.count else { throw StoreError.damagedIndex }
    return ids[offset]
  }
}

/// The terms that a search asks segments for.
struct SearchPlan: Sendable {
  /// Which a message must all have.
  let terms: [[UInt8]]
  /// Beginnings of terms, of each of which it must have one.
  let prefixes: [[UInt8]]
  /// Which it must not have.
  let excluded: [[UInt8]]

  init(_ request: SearchRequest) {
    var terms: Set<[UInt8]> = []
    var prefixes: Set<[UInt8]> = []
    for (property, value) in request.properties {
      if let value { terms.insert(property.term(value)) }
    }
    for required in request.query.requiredTerms {
      switch required {
      case .term(let term): terms.insert(term)
      case .prefix(let prefix): prefixes.insert(prefix)
      }
    }
    self.terms = Array(terms)
    self.prefixes = Array(prefixes)
    excluded = Array(request.query.excludedTerms.subtracting(terms))
  }
}

extension Connection {
  /// Terms with one beginning that are put together; where a segment has more, all of its messages may have one.
  private static let mostPrefixed = 2_000

  func candidates(of segments: [SearchSegment], by plan: SearchPlan) throws -> [SegmentCandidates] {
    let postings: [Int64: [[UInt8]: Bytes]] = try postings(of: plan.terms + plan.excluded, in: segments)
    return try segments.compactMap { segment in
      let found: [[UInt8]: Bytes] = postings[segment.id] ?? [:]
      guard plan.terms.allSatisfy({ found[$0] != nil }) else { return nil }
      var numbers: [UInt32]?
      // The rarest first, so that little is left to be compared with the others.
      for term in plan.terms.sorted(by: { found[$0]?.count ?? 0 < found[$1]?.count ?? 0 }) {
        guard let stored = found[term], stored.count > 1 else { continue }
        numbers = try Self.narrow(numbers, to: SearchPostings.decode(stored, of: segment.documents))
      }
      for prefix in plan.prefixes {
        if let list = try self.numbers(of: prefix, in: segment) { numbers = Self.narrow(numbers, to: list) }
      }
      for term in plan.excluded {
        guard let stored = found[term] else { continue }
        numbers = (numbers ?? Array(0..<UInt32(segment.documents)))
          .subtracting(try SearchPostings.decode(stored, of: segment.documents))
      }
      return SegmentCandidates(segment, numbers ?? Array(0..<UInt32(segment.documents)))
    }
  }

  private static func narrow(_ numbers: [UInt32]?, to others: [UInt32]) -> [UInt32] {
    numbers.map { $0.intersection(others) } ?? others
  }

  private func postings(of terms: [[UInt8]], in segments: [SearchSegment]) throws -> [Int64: [[UInt8]: Bytes]] {
    guard !terms.isEmpty, !segments.isEmpty else { return [:] }
    var postings: [Int64: [[UInt8]: Bytes]] = [:]
    var query: SQL = """
      SELECT segment, term, postings
      FROM verbatim_search_terms
      WHERE segment IN (\(list: segments.map(\.id))) AND term IN (\(list: terms))
      """
    query.isVarying = true
    try forEachRow(query) { row in
      postings[row.integer(0), default: [:]][Array(row.bytes(1) ?? [])] = row.bytes(2) ?? []
      return true
    }
    return postings
  }

  /// nil where too many terms begin so to be put together.
  private func numbers(of prefix: [UInt8], in segment: SearchSegment) throws -> [UInt32]? {
    // No UTF-8 has the byte 0xFF.
    let lists: [[UInt32]] = try query(
      """
      SELECT postings
      FROM verbatim_search_terms
      WHERE segment = \(segment.id) AND term >= \(prefix) AND term < \(prefix + [0xFF])
      ORDER BY term
      LIMIT \(Self.mostPrefixed + 1)
      """
    ) { try SearchPostings.decode($0.bytes(0) ?? [], of: segment.documents) }
    return lists.count > Self.mostPrefixed ? nil : lists.isEmpty ? [] : .union(lists)
  }
}
