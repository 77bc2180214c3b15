import VerbatimModel

/// An export that is made in the background, as a file.
package struct ExportJob: Sendable, Equatable {
  package enum State: String, Sendable { case waiting, running, done, failed, removed }

  /// How far it has come, as it is on disk.
  package struct Mark: Sendable, Equatable {
    /// nil at the beginning.
    package var place: ExportPlace?
    package var bytes: Int64 = 0
    package var exchanges: Int64 = 0

    package init() {}
  }

  package let id: UUIDv7
  /// Whose exchanges; `account` is nil for everybody's.
  package let reach: Reach
  /// What was asked for, as a query string.
  package let query: String
  package var state = State.waiting
  /// Where the feed stood when it was asked for: what was committed later is not in it.
  package let end: Int64
  /// About how many exchanges there are at most; 0 where that is not known.
  package let estimate: Int64
  package var mark = Mark()
  /// Of the whole file, in hexadecimal digits.
  package var checksum: String?
  /// Why it failed.
  package var reason: String?
  /// Unix milliseconds.
  package let createdAt: Int64
  package var updatedAt: Int64
  /// When the file is removed.
  package var expiresAt: Int64?

  init(id: UUIDv7, reach: Reach, query: String, end: Int64, estimate: Int64, createdAt: Int64) {
    self.id = id
    self.reach = reach
    self.query = query
    self.end = end
    self.estimate = estimate
    self.createdAt = createdAt
    updatedAt = createdAt
  }
}

extension ExportPlace {
  /// As it is stored.
  var text: String {
    switch self {
    case .row(let day, let table, let id): "row \(day.number) \(table) \(id)"
    case .batch(let number): "batch \(number)"
    case .entry(let number, let id): "entry \(number) \(id)"
    }
  }

  /// nil for what `text` never gave.
  init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    if words.count == 4, words[0] == "row", let day = Int32(words[1]), let table = Int(words[2]),
      let id = words[3] == UUIDv7.beforeAll.description ? UUIDv7.beforeAll : UUIDv7(words[3])
    {
      self = .row(day: Day(number: day), table: table, after: id)
    } else if words.count == 2, words[0] == "batch", let number = Int64(words[1]) {
      self = .batch(number)
    } else if words.count == 3, words[0] == "entry", let number = Int64(words[1]), let id = UUIDv7(words[2]) {
      self = .entry(number, after: id)
    } else {
      return nil
    }
  }
}
