/// Where the history is kept, from a DSN in any of the forms that the neighbours of Verbatim use.
package struct DatabaseLocation: Sendable, Equatable {
  /// The SQLite file.
  package let path: String
  /// Nobody named it, so its folder is made where it is missing.
  package let isStandard: Bool

  package static let standard = DatabaseLocation(path: "./data/verbatim.db", isStandard: true)

  private init(path: String, isStandard: Bool) {
    self.path = path
    self.isStandard = isStandard
  }

  /// Throws one line that does not repeat the DSN, since it may hold a password.
  package init(dsn: String) throws(SettingError) {
    if dsn == "local" {
      self = .standard
      return
    }
    if Self.namesServer(dsn) {
      throw SettingError(
        "names a database server, and this version has only SQLite",
        allowed: "a file path, sqlite:PATH, sqlite:///PATH or local")
    }
    self.init(path: try Self.path(of: dsn), isStandard: false)
  }

  /// Go's forms `user:pass@tcp(host)/db` and `user:pass@unix(/socket)/db`, and URLs of server engines.
  private static func namesServer(_ dsn: String) -> Bool {
    if dsn.contains("@tcp(") || dsn.contains("@unix(") || dsn.hasPrefix("tcp(") { return true }
    guard let end = dsn.firstRange(of: "://")?.lowerBound else { return false }
    let engine = dsn[..<end].split(separator: "+").first?.lowercased() ?? ""
    return ["mysql", "mariadb", "postgres", "postgresql"].contains(engine)
  }

  private static func path(of dsn: String) throws(SettingError) -> String {
    let allowed = "a file path, sqlite:PATH, sqlite:///PATH or local"
    var path = dsn[...]
    if let end = dsn.firstIndex(of: ":"), ["sqlite", "sqlite3", "sqlite+aiosqlite"].contains(dsn[..<end].lowercased()) {
      path = dsn[dsn.index(after: end)...]
      // As SQLAlchemy has it: three slashes before a relative path, four before an absolute one.
      if path.hasPrefix("///") {
        path = path.dropFirst(3)
      } else if path.hasPrefix("//") {
        throw SettingError("has a host before the path", allowed: allowed)
      }
      if path.contains("?") { throw SettingError("has parameters, which SQLite has no use for here", allowed: allowed) }
    } else if dsn.contains("://") {
      throw SettingError("has a form that is not known", allowed: allowed)
    }
    if path.isEmpty || path.hasSuffix("/") { throw SettingError("names no file", allowed: allowed) }
    if path == ":memory:" { throw SettingError("names memory, where nothing is durable", allowed: allowed) }
    return String(path)
  }

  /// A DSN as it may be shown: whatever could be a password is replaced.
  package static func redacted(_ dsn: String) -> String {
    guard let at = dsn.lastIndex(of: "@") else { return dsn }
    let start = dsn.firstRange(of: "://")?.upperBound ?? dsn.startIndex
    guard start < at, let colon = dsn[start..<at].firstIndex(of: ":") else { return dsn }
    return dsn[...colon] + "***" + dsn[at...]
  }
}
