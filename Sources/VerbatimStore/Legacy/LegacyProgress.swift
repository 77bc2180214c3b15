import Databases
import VerbatimModel

/// How far a table has been moved. It is kept in the transaction that moves the rows, so that whoever goes on after a
/// crash neither leaves one out nor moves one twice.
package struct LegacyProgress: Sendable, Equatable {
  package enum State: String, Sendable {
    case moving
    /// All rows are there; not compared yet.
    case moved
    case compared
  }

  package var state = State.moving
  /// The id of the last row that was read; nil before the first.
  var position: String?
  /// Rows that were read and wait for the rest of their exchange.
  var open: [Int64] = []
  /// Ids below the position that were not there when their neighbours were read: a transaction may yet commit them.
  var gaps: [Int64] = []
  package var rows: Int64 = 0
  package var exchanges: Int64 = 0
  package var files: Int64 = 0
}

extension LegacyProgress {
  private static let states: [State] = [.moving, .moved, .compared]

  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("state")
    writer.string(state.rawValue)
    writer.key("position")
    writer.string(orNull: position)
    writer.key("open")
    writer.string(Self.runs(of: open))
    writer.key("gaps")
    writer.string(Self.runs(of: gaps))
    writer.key("rows")
    writer.integer(rows)
    writer.key("exchanges")
    writer.integer(exchanges)
    writer.key("files")
    writer.integer(files)
    writer.endObject()
    return writer.bytes[...].string
  }

  init(json text: String) {
    let json = JSONSlice(trusting: Bytes(utf8: text))
    state = json["state"]?.string.flatMap { State(rawValue: $0.string) } ?? .moving
    position = json["position"]?.string?.string
    open = Self.numbers(json["open"]?.string?.string ?? "")
    gaps = Self.numbers(json["gaps"]?.string?.string ?? "")
    rows = json["rows"]?.integer ?? 0
    exchanges = json["exchanges"]?.integer ?? 0
    files = json["files"]?.integer ?? 0
  }

  /// `-5--3,1-3,7`: ascending numbers, neighbours joined.
  private static func runs(of numbers: [Int64]) -> String {
    var runs: [ClosedRange<Int64>] = []
    for number in numbers.sorted() {
      if let last = runs.last, last.upperBound < number, last.upperBound + 1 == number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
  }

  private static func numbers(_ runs: String) -> [Int64] {
    runs.split(separator: ",").flatMap { run -> [Int64] in
      if let number = Int64(run) { return [number] }
      // What stands first is a sign.
      guard let dash = run.dropFirst().firstIndex(of: "-"), let first = Int64(run[..<dash]),
        let last = Int64(run[run.index(after: dash)...]), first <= last
      else { return [] }
      return Array(first...last)
    }
  }
}

extension Connection {
  /// nil where nothing of it was moved.
  func legacyProgress(of table: String, from source: String = "") throws -> LegacyProgress? {
    try first("SELECT value FROM verbatim_settings WHERE name = \(LegacyProgress.key(table, source))") {
      LegacyProgress(json: $0.text(0))
    }
  }

  func save(_ progress: LegacyProgress, of table: String, from source: String = "") throws(DatabaseError) {
    try insert(.setting, rows: 1) { _, binds in
      binds.text(LegacyProgress.key(table, source))
      binds.text(progress.json)
    }
  }

  func forgetLegacyProgress(of tables: [String]) throws {
    for start in stride(from: 0, to: tables.count, by: 200) {
      let keys: [String] = tables[start..<min(start + 200, tables.count)].map { LegacyProgress.key($0, "") }
      try execute("DELETE FROM verbatim_settings WHERE name IN (\(list: keys))")
    }
  }
}

extension LegacyProgress {
  /// At most the 64 characters that a setting's name may have.
  fileprivate static func key(_ table: String, _ source: String) -> String {
    source.isEmpty ? "legacy:\(table)" : "from:\(source):\(table)"
  }
}

extension BulkInsert {
  fileprivate static let setting = BulkInsert(
    into: "verbatim_settings", [.init("name", .text), .init("value", .text)],
    onConflict: .update(key: ["name"], changes: [.init("value", .replace)]))
}
