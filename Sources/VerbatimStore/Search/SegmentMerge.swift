import VerbatimModel

/// Puts the documents of several segments into one order, and their numbers into those of the new segment.
struct SegmentMerge: Sendable {
  /// Newest first, each once.
  let ids: [UUIDv7]
  /// By segment: the new number of each document, nil for one that is left out.
  private let numbers: [[UInt32?]]
  private let documents: [Int]

  /// `sources`: each segment's documents, newest first. `keeps`: which of them go on.
  init(_ sources: [[UUIDv7]], keeping keeps: (UUIDv7) -> Bool) {
    var kept: [(id: UUIDv7, source: Int, number: Int)] = []
    for (source, ids) in sources.enumerated() {
      for (number, id) in ids.enumerated() where keeps(id) { kept.append((id, source, number)) }
    }
    // Of a message that is there twice the later segment's stays.
    kept.sort { $0.id != $1.id ? $0.id > $1.id : $0.source > $1.source }
    var ids: [UUIDv7] = []
    var numbers: [[UInt32?]] = sources.map { Array(repeating: nil, count: $0.count) }
    for entry in kept where ids.last != entry.id {
      numbers[entry.source][entry.number] = UInt32(ids.count)
      ids.append(entry.id)
    }
    self.ids = ids
    self.numbers = numbers
    documents = sources.map(\.count)
  }

  /// A term's postings in the new segment, from those in its sources; nil where no document is left that has it.
  func postings(_ parts: [(source: Int, postings: [UInt8])]) throws(StoreError) -> [UInt8]? {
    var merged: [UInt32] = []
    for (source, postings) in parts {
      for number in try SearchPostings.decode(postings[...], of: documents[source]) {
        if let new = numbers[source][Int(number)] { merged.append(new) }
      }
    }
    guard !merged.isEmpty else { return nil }
    if parts.count > 1 { merged.sort() }
    return SearchPostings.encode(merged, of: ids.count)
  }
}
