import VerbatimModel
import VerbatimStore

/// Days as a table for people.
enum PartitionTable {
  static let head = "day         state     where    exchanges   messages     errors    about  first and last message"

  static func line(_ partition: PartitionSummary) -> String {
    let place = !partition.hasTables ? "single" : partition.mayHaveSingleRows ? "both" : "day"
    let times = [partition.firstAt, partition.lastAt].compactMap(\.self).map { Timestamp.text($0) }
    let columns: [(String, Int)] = [
      (partition.state, 8), (place, 6), ("\(partition.exchanges)", -10), ("\(partition.messages)", -9),
      ("\(partition.errors)", -9), (size(partition.bytes), -7),
    ]
    let cells = columns.map { text, width in pad(text, width) }.joined(separator: "  ")
    return "\(partition.day)  \(cells)  \(times.joined(separator: " "))"
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    let spaces = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? spaces + text : text + spaces
  }

  private static func size(_ bytes: Int64) -> String {
    switch bytes {
    case 10_000_000_000...: "\(bytes / 1_000_000_000) GB"
    case 10_000_000...: "\(bytes / 1_000_000) MB"
    default: "\(bytes / 1_000) KB"
    }
  }
}
