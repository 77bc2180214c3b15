/// A statement and its bound values. Interpolated values become binds; only `identifier:` and `unsafeSQL:` enter the text.
///
///     let sql: SQL = "SELECT id FROM \(identifier: table) WHERE account_id = \(account)"
///
/// Its placeholders are `?` and its identifiers stand between `"` for every engine; drivers whose engine wants
/// something else rewrite or set up the session.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
  package private(set) var text: String
  package private(set) var binds: [SQLValue]
  /// Whether the next such statement is likely to be another, as those of tables of days are: then an engine where
  /// preparing is a way to the server and back gets it whole, with its values.
  package var isVarying = false
  /// An identifier that is none; running the statement throws then.
  private(set) var refusedIdentifier: String?

  package init(stringLiteral value: String) {
    text = value
    binds = []
  }

  package init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
    binds = stringInterpolation.binds
    refusedIdentifier = stringInterpolation.refusedIdentifier
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    fileprivate var binds: [SQLValue] = []
    fileprivate var refusedIdentifier: String?

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 2 * interpolationCount)
      binds.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: String) { text += literal }

    package mutating func appendInterpolation(_ value: some SQLBindable) {
      text += "?"
      binds.append(value.sqlValue)
    }

    package mutating func appendInterpolation<Value: SQLBindable>(_ value: Value?) {
      text += "?"
      binds.append(value?.sqlValue ?? .null)
    }

    /// A fragment with its values.
    package mutating func appendInterpolation(_ fragment: SQL) {
      text += fragment.text
      binds += fragment.binds
      refusedIdentifier = refusedIdentifier ?? fragment.refusedIdentifier
    }

    /// `?, ?, ?`, for `IN (…)`; NULL for no values, so that nothing matches.
    package mutating func appendInterpolation(list values: [some SQLBindable]) {
      text += values.isEmpty ? "NULL" : "?"
      for index in values.indices {
        if index != values.startIndex { text += ", ?" }
        binds.append(values[index].sqlValue)
      }
    }

    /// Queries whose rows are put together.
    package mutating func appendInterpolation(joined queries: [SQL]) {
      for index in queries.indices {
        if index != queries.startIndex { text += "\nUNION ALL\n" }
        appendInterpolation(queries[index])
      }
    }

    /// The name of a table, column or index: at most 63 ASCII letters, digits and underscores.
    package mutating func appendInterpolation(identifier: String) {
      guard SQL.isIdentifier(identifier) else {
        refusedIdentifier = refusedIdentifier ?? identifier
        return
      }
      text += "\"\(identifier)\""
    }

    /// Text that becomes part of the statement as it is. Never for anything that came from outside.
    package mutating func appendInterpolation(unsafeSQL: String) { text += unsafeSQL }
  }

  /// 63 bytes is the shortest limit among the engines (PostgreSQL's NAMEDATALEN).
  static func isIdentifier(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 63, !(48...57).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 48...57, 65...90, 95, 97...122: true
      default: false
      }
    }
  }
}
