/// Rows for one table that are inserted at once, and what becomes of a row whose key is there already.
///
/// Make it once and keep it: its statement's text is put together here, and drivers keep prepared statements by `text`.
package struct BulkInsert: Sendable {
  /// What a column holds. On PostgreSQL the table's own type has to be this one: BIGINT, DOUBLE PRECISION, TEXT or
  /// VARCHAR, BYTEA, UUID.
  package enum ColumnType: Sendable { case integer, real, text, blob, id }

  package struct Column: Sendable {
    package let name: String
    package let type: ColumnType

    package init(_ name: String, _ type: ColumnType) {
      self.name = name
      self.type = type
    }
  }

  package enum Conflict: Sendable {
    /// `DatabaseError.Kind.constraint`.
    case fail
    /// The row that is there stays as it is.
    case keep(key: [String])
    /// Columns of the row that is there change; those that are not named stay.
    case update(key: [String], changes: [Change])
  }

  /// What a column of the row that is there becomes, from its own value and that of the row that came.
  package struct Change: Sendable {
    package enum Rule: Sendable {
      case replace, add, minimum, maximum
      /// Of numbers from 0 on: the sum, at most `Dialect.greatestSum`, so that no client makes a counter overflow.
      case addBounded
    }

    package let column: String
    package let rule: Rule

    package init(_ column: String, _ rule: Rule) {
      self.column = column
      self.rule = rule
    }
  }

  package let table: String
  package let columns: [Column]
  package let conflict: Conflict
  /// The statement for one row, as SQLite takes it: the name of this insert in caches, slow queries and errors.
  let text: String
  /// An identifier that is none; inserting throws then.
  let refusedIdentifier: String?

  package init(into table: String, _ columns: [Column], onConflict conflict: Conflict = .fail) {
    self.table = table
    self.columns = columns
    self.conflict = conflict
    refusedIdentifier = ([table] + columns.map(\.name) + conflict.columns).first { !SQL.isIdentifier($0) }
    let placeholders = columns.map { _ in "?" }.joined(separator: ", ")
    text = """
      INSERT INTO "\(table)" (\(Self.list(columns.map(\.name))))
      VALUES (\(placeholders))\(conflict.clause(table: table, minimum: "min", maximum: "max"))
      """
  }

  /// Names as a statement lists them, each between `"`.
  static func list(_ names: [String]) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }
}

extension BulkInsert.Conflict {
  fileprivate var columns: [String] {
    switch self {
    case .fail: []
    case .keep(let key): key
    case .update(let key, let changes): key + changes.map(\.column)
    }
  }

  /// `ON CONFLICT …` on a line of its own, as SQLite and PostgreSQL have it but for the functions that take the lesser
  /// and the greater of two values; empty where a conflict is to fail.
  func clause(table: String, minimum: String, maximum: String) -> String {
    switch self {
    case .fail: return ""
    case .keep(let key): return "\nON CONFLICT (\(BulkInsert.list(key))) DO NOTHING"
    case .update(let key, let changes):
      let assignments = changes.map { change in
        let (old, new) = ("\"\(table)\".\"\(change.column)\"", "excluded.\"\(change.column)\"")
        return switch change.rule {
        case .replace: "\"\(change.column)\" = \(new)"
        case .add: "\"\(change.column)\" = \(old) + \(new)"
        case .addBounded: "\"\(change.column)\" = \(minimum)(\(old) + \(new), \(Dialect.greatestSum))"
        case .minimum: "\"\(change.column)\" = \(minimum)(\(old), \(new))"
        case .maximum: "\"\(change.column)\" = \(maximum)(\(old), \(new))"
        }
      }
      return "\nON CONFLICT (\(BulkInsert.list(key))) DO UPDATE SET \(assignments.joined(separator: ", "))"
    }
  }
}
