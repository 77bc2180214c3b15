/// A statement and its bound values. Interpolated values become binds; only `identifier:` and `unsafeSQL:` enter the text.
///
///     let sql: SQL = "SELECT id FROM \(identifier: table) WHERE account_id = \(account)"
package struct SQL: Sendable, ExpressibleByStringInterpolation {
  package private(set) var text: String
  package private(set) var binds: [SQLValue]

  package init(stringLiteral value: String) {
    text = value
    binds = []
  }

  package init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
    binds = stringInterpolation.binds
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    var text = ""
    var binds: [SQLValue] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 2 * interpolationCount)
      binds.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: String) { text += literal }

    package mutating func appendInterpolation(_ value: some SQLBindable) {
      text += "?"
      binds.append(value.sqlValue)
    }
  }
}

/// A value as databases know them.
package enum SQLValue: Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  /// UTF-8 text given as bytes, NUL allowed where the engine's text allows it.
  case textBytes(ArraySlice<UInt8>)
  case blob(ArraySlice<UInt8>)
}

package protocol SQLBindable {
  var sqlValue: SQLValue { get }
}
