extension DatabaseError {
  /// What the server refused, or libpq where there is no code. `wasStopped`: our own cancellation may have done it.
  static func postgres(_ result: PostgresResult, sql: String?, wasStopped: Bool) -> DatabaseError {
    guard let state = result.sqlState, let message = result.message else {
      return DatabaseError(kind: .unavailable, code: 0, message: result.wholeMessage.firstLine, sql: sql)
    }
    // A plan that a change of tables made useless is the transaction's bad luck, not a fault of the statement.
    let isStale = state == "26000" || result.origin == "RevalidateCachedQuery"
    // A table that was dropped between looking its name up and opening it.
    let hasVanished = state == "XX000" && message.hasPrefix("could not open relation with OID")
    let kind: Kind =
      wasStopped && state == "57014"
      ? .cancelled : isStale ? .conflict : hasVanished ? .missingTable : postgresKind(state)
    return DatabaseError(
      kind: kind, code: postgresCode(state[...]) ?? 0, message: "\(withoutValues(message, state)) (SQLSTATE \(state))",
      sql: sql)
  }

  /// Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
  static func postgresKind(_ state: String) -> Kind {
    switch state {
    case "40003": return .unavailable
    // A lock that was not to be had within `lock_timeout`.
    case "55P03": return .conflict
    case "53100": return .full
    case "25006": return .readOnly
    case "25P03", "57014", "55006": return .unavailable
    case "42P01": return .missingTable
    case "54001", "54011", "54023": return .statement
    case "XX001", "XX002": return .corrupt
    default: break
    }
    switch state.prefix(2) {
    case "08", "53", "57", "58", "F0", "28", "3D": return .unavailable
    case "40": return .conflict
    case "22", "23", "44", "54": return .constraint
    default: return .statement
    }
  }

  /// What the server says about values (class 22) repeats them, between quotes or after a colon.
  private static func withoutValues(_ message: String, _ state: String) -> String {
    if state == "22021" { return "text holds a NUL or is no UTF-8, which PostgreSQL does not take" }
    guard state.hasPrefix("22") else { return message }
    var message = message[...]
    if let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first != last {
      message.replaceSubrange(first...last, with: "…")
    }
    return message.firstIndex(of: ":").map { String(message[..<$0]) } ?? String(message)
  }
}

/// Five letters and digits of an SQLSTATE in one number, six bits each, as PostgreSQL packs them; nil for anything else.
func postgresCode(_ state: Substring) -> Int32? {
  guard state.utf8.count == 5 else { return nil }
  var code: Int32 = 0
  for (index, byte) in state.utf8.enumerated() {
    guard (48...57).contains(byte) || (65...90).contains(byte) else { return nil }
    code |= Int32((byte &- 48) & 0x3f) << (6 * Int32(index))
  }
  return code
}

extension String {
  /// libpq ends its messages with a line break and may go on with hints.
  var firstLine: String { String(prefix { !$0.isNewline }) }
}
