extension Engine {
  /// A DSN as it may be shown, whether it is right or wrong: whatever could be a password is replaced by `***`.
  package static func redacted(dsn: String) -> String {
    var shown = dsn
    if let at = dsn.lastIndex(of: "@") {
      // In the form of Go's driver a password may hold anything: what stands before it is no scheme.
      let isGoForm = dsn[at...].contains("(")
      let start = (isGoForm ? nil : endOfScheme(dsn)) ?? dsn.startIndex
      if start < at, let colon = dsn[start..<at].firstIndex(of: ":") { shown = dsn[...colon] + "***" + dsn[at...] }
    } else if let start = endOfScheme(dsn) {
      let authority = dsn[start...].prefix { $0 != "/" && $0 != "?" }
      if !ServerDSN.namesHosts(authority), let colon = authority.firstIndex(of: ":") { shown = dsn[...colon] + "***" }
    }
    for name in ["password", "passwd", "pwd"] { shown = withoutValues(of: name, in: shown) }
    return shown
  }

  /// Behind the `://` of a URL; nil where what stands before it is no scheme.
  private static func endOfScheme(_ dsn: String) -> String.Index? {
    guard let end = dsn.firstRange(of: "://") else { return nil }
    let isScheme = dsn[..<end.lowerBound].allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) }
    return isScheme ? end.upperBound : nil
  }

  /// Hides the values of parameters whose names end so: up to the next parameter, or the quote that closes.
  private static func withoutValues(of name: String, in dsn: String) -> String {
    var shown = ""
    var rest = dsn[...]
    while let start = rest.indices.first(where: { rest[$0...].prefix(name.count).lowercased() == name }) {
      let end = rest.index(start, offsetBy: name.count)
      shown += rest[..<end]
      rest = rest[end...]
      let gap = rest.prefix { $0.isWhitespace }
      guard rest[gap.endIndex...].hasPrefix("=") else { continue }
      let value = rest[gap.endIndex...].dropFirst().drop { $0.isWhitespace }
      shown += "=***"
      rest = value.hasPrefix("'") ? behindQuoted(value) : value.drop { $0 != "&" && !$0.isWhitespace }
    }
    return shown + rest
  }

  private static func behindQuoted(_ text: Substring) -> Substring {
    var rest = text.dropFirst()
    while let character = rest.popFirst() {
      if character == "'" { break }
      if character == "\\" { rest = rest.dropFirst() }
    }
    return rest
  }
}
