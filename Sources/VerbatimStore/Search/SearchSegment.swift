import Databases
import VerbatimModel

/// A part of the index: messages of one day, newest first, which its terms name by their numbers. It never changes; it is
/// replaced by another.
struct SearchSegment: Sendable, Equatable {
  enum State: Int64 { case building, live, gone }

  /// Ascends in the order in which segments were begun.
  let id: Int64
  let day: Day
  let documents: Int
  /// Messages among them whose content is encrypted.
  let sealed: Int
  let firstID: UUIDv7
  let lastID: UUIDv7

  /// Of one row of `verbatim_search_documents`.
  static let chunkSize = 1_024
  /// The most messages of one.
  static let largest = 65_536
  /// Those of fewer messages are merged.
  static let small = 16_384

  static let columns = "id, day, documents, sealed, first_id, last_id"

  init(_ row: Row) throws {
    id = row.integer(0)
    day = Day(number: Int32(clamping: row.integer(1)))
    documents = Int(row.integer(2))
    sealed = Int(row.integer(3))
    firstID = try row.uuid(4)
    lastID = try row.uuid(5)
  }
}

/// Messages by their numbers, newest first, as a segment stores them.
enum SearchDocuments {
  static func chunks(of ids: [UUIDv7]) -> [[UInt8]] {
    stride(from: 0, to: ids.count, by: SearchSegment.chunkSize).map { start in
      ids[start..<min(start + SearchSegment.chunkSize, ids.count)].flatMap(\.bytes)
    }
  }

  static func ids(in chunk: Bytes) throws(StoreError) -> [UUIDv7] {
    guard chunk.count.isMultiple(of: 16) else { throw .damagedIndex }
    return chunk.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 16).map { start in
        UUIDv7(
          high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
          low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)))
      }
    }
  }
}

extension BulkInsert {
  static let searchTerms = BulkInsert(
    into: "verbatim_search_terms", [.init("segment", .integer), .init("term", .blob), .init("postings", .blob)])

  static let searchDocuments = BulkInsert(
    into: "verbatim_search_documents", [.init("segment", .integer), .init("chunk", .integer), .init("ids", .blob)])

  static let searchState = BulkInsert(
    into: "verbatim_search_state", [.init("name", .text), .init("value", .text)],
    onConflict: .update(key: ["name"], changes: [.init("value", .replace)]))

  static let searchDays = BulkInsert(
    into: "verbatim_search_days",
    [.init("day", .integer), .init("state", .integer), .init("position", .id), .init("replaced", .integer)],
    onConflict: .update(
      key: ["day"], changes: [.init("state", .replace), .init("position", .replace), .init("replaced", .replace)]))

  static let searchRemovals = BulkInsert(
    into: "verbatim_search_removals", [.init("day", .integer), .init("first_id", .id), .init("last_id", .id)],
    onConflict: .keep(key: ["day", "first_id", "last_id"]))
}
