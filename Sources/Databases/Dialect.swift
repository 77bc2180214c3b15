/// What differs between engines, as properties: callers ask for what they need to know, not for a name.
///
/// The same on all: `?` for values, `"` around identifiers, `'` around text with `\` as itself, `||` joining texts,
/// byte-wise comparison of text where the schema asks for it, READ COMMITTED for writing and a snapshot for reading.
package struct Dialect: Sendable, Equatable {
  /// Whose schema and whose few statements of their own are to be used.
  package enum Family: Sendable, Equatable { case sqlite, postgresql, mysql }

  package let family: Family
  /// Whether `Connection.insert` tells which rows met one that was there; else ask with a SELECT.
  package let reportsConflicts: Bool
  /// Whether a connection can be lost while the database lives on: what was being committed may be there or not.
  package let isServer: Bool
  /// Whether rows are worked out only as they are asked for, so that a loop over them may end early at no cost; else
  /// ask for no more than are wanted.
  package let readsLazily: Bool
  /// Whether `CREATE TABLE` and the like are undone with their transaction; else they commit what came before them.
  package let rollsBackDefinitions: Bool
  /// Whether INSERT takes RETURNING; else ask for `last_insert_id()`.
  package let returnsInserted: Bool
  /// The collation that compares text byte by byte, as it stands after COLLATE; nil where text is compared so anyway.
  package let byteCollation: String?

  package static let sqlite = Dialect(
    family: .sqlite, reportsConflicts: true, isServer: false, readsLazily: true, rollsBackDefinitions: true,
    returnsInserted: true, byteCollation: nil)

  package static let postgresql = Dialect(
    family: .postgresql, reportsConflicts: false, isServer: true, readsLazily: false, rollsBackDefinitions: true,
    returnsInserted: true, byteCollation: "\"C\"")

  package static let mariaDB = Dialect(
    family: .mysql, reportsConflicts: false, isServer: true, readsLazily: false, rollsBackDefinitions: false,
    returnsInserted: true, byteCollation: "utf8mb4_nopad_bin")

  package static let mySQL = Dialect(
    family: .mysql, reportsConflicts: false, isServer: true, readsLazily: false, rollsBackDefinitions: false,
    returnsInserted: false, byteCollation: "utf8mb4_0900_bin")

  /// Where bounded sums stop: two of them can be added, and nothing that a batch counts makes one overflow.
  package static let greatestSum: Int64 = .max / 2

  /// An expression: the sum of a group's numbers from 0 on, 0 of none, at most `greatestSum`. SQLite's own fails when it
  /// overflows, so that it is taken in two parts.
  package func boundedSum(_ expression: String) -> String {
    guard family == .sqlite else { return "least(coalesce(sum(\(expression)), 0), \(Self.greatestSum))" }
    let high = "min(coalesce(sum((\(expression)) >> 20), 0), \(Self.greatestSum >> 20))"
    let low = "coalesce(sum((\(expression)) & 1048575), 0)"
    return "min(\(high) * 1048576 + \(low), \(Self.greatestSum))"
  }

  /// An expression: the bytes of an id or a blob in lower-case hexadecimal digits.
  package func hexadecimal(_ expression: String) -> String {
    switch family {
    case .sqlite, .mysql: "lower(hex(\(expression)))"
    case .postgresql: "replace(CAST(\(expression) AS text), '-', '')"
    }
  }

  /// An expression: how many bytes of UTF-8 a text has.
  package func byteCount(_ expression: String) -> String {
    switch family {
    case .sqlite: "length(CAST(\(expression) AS BLOB))"
    case .postgresql, .mysql: "octet_length(\(expression))"
    }
  }

  /// What follows a table's name in FROM where a few rows are wanted in the order of this index. MySQL and MariaDB may
  /// else walk along another one of that order, past the rows of all others.
  package func along(index: String) -> SQL { family == .mysql ? "FORCE INDEX (\(identifier: index))" : "" }

  /// A condition: the row comes after these values in the order of the columns, which an index has.
  package func isBehind(_ values: [SQLValue], in columns: [String]) -> SQL {
    // MySQL and MariaDB find ranges by the long form only, PostgreSQL and SQLite by the short one.
    guard family == .mysql else { return "(\(unsafeSQL: columns.joined(separator: ", "))) > (\(list: values))" }
    var condition: SQL = "1 = 0"
    for (index, column) in columns.enumerated() {
      var alternative: SQL = "\(unsafeSQL: column) > \(values[index])"
      for earlier in 0..<index {
        alternative = "\(unsafeSQL: columns[earlier]) = \(values[earlier]) AND \(alternative)"
      }
      condition = "\(condition) OR (\(alternative))"
    }
    return "(\(condition))"
  }

  /// An expression: the texts or numbers of a group, joined by commas.
  package func joined(_ expression: String) -> String {
    switch family {
    case .sqlite, .mysql: "group_concat(\(expression))"
    case .postgresql: "string_agg(CAST(\(expression) AS text), ',')"
    }
  }
}
