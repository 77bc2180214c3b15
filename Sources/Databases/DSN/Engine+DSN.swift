extension Engine {
  /// The database that a DSN names, in any of the forms that the neighbours of Verbatim use:
  ///
  /// - MySQL and MariaDB: `user:password@tcp(host:3306)/db`, `user:password@unix(/socket)/db`, `mysql://…`,
  ///   `mariadb://…`, also with a client's name behind the engine's (`mysql+aiomysql://`);
  /// - PostgreSQL: `postgres://…`, `postgresql://…`, `postgresql+asyncpg://…`, `host=… dbname=…`;
  /// - SQLite: `sqlite:path`, `sqlite:///path`, `sqlite+aiosqlite:///path`, a file's path.
  package init(dsn: String) throws(DSNError) {
    if dsn.contains("\0") { throw DSNError("holds a NUL", allowed: Self.allowedForms) }
    if let (scheme, body) = Self.scheme(of: dsn) {
      self = try Self.named(by: scheme, body)
    } else if let parts = try ServerDSN(goForm: dsn) {
      self = .mysql(try MySQLAddress(parts))
    } else if let parts = try ServerDSN(keywords: dsn) {
      self = .postgres(try PostgresAddress(parts))
    } else {
      self = .sqlite(SQLiteFile(path: try Self.file(dsn)))
    }
  }

  /// All accepted forms in one line.
  package static let allowedForms =
    "user:password@tcp(host:3306)/db, user:password@unix(/socket)/db, mysql://user:password@host/db, "
    + "postgres://user:password@host/db, sqlite:PATH, sqlite:///PATH or a file path"

  /// `mysql` of `mysql+aiomysql://…`, and what stands behind the colon.
  private static func scheme(of dsn: String) -> (scheme: String, body: Substring)? {
    guard let colon = dsn.firstIndex(of: ":") else { return nil }
    let body = dsn[dsn.index(after: colon)...]
    let name = dsn[..<colon].prefix { $0 != "+" }.lowercased()
    // A file's name may hold a colon, and a user be called mysql.
    return body.hasPrefix("//") || ["sqlite", "sqlite3"].contains(name) ? (name, body) : nil
  }

  private static func named(by scheme: String, _ body: Substring) throws(DSNError) -> Engine {
    switch scheme {
    case "mysql", "mariadb": return .mysql(try MySQLAddress(try ServerDSN(urlBody: body.dropFirst(2))))
    case "postgres", "postgresql": return .postgres(try PostgresAddress(try ServerDSN(urlBody: body.dropFirst(2))))
    case "sqlite", "sqlite3": return .sqlite(SQLiteFile(path: try sqlitePath(body)))
    default: throw DSNError("names an engine that is not known", allowed: allowedForms)
    }
  }

  /// As SQLAlchemy has it: three slashes before a relative path, four before an absolute one.
  private static func sqlitePath(_ body: Substring) throws(DSNError) -> String {
    let allowed = "sqlite:PATH, or sqlite:///PATH (four slashes: absolute)"
    var path = body
    if path.hasPrefix("///") {
      path = path.dropFirst(3)
    } else if path.hasPrefix("//") {
      throw DSNError("has a host before the path", allowed: allowed)
    }
    if path.contains("?") { throw DSNError("has parameters, which SQLite has no use for here", allowed: allowed) }
    return try fileName(String(path))
  }

  private static func file(_ dsn: String) throws(DSNError) -> String {
    if looksLikeServer(dsn) { throw DSNError("looks like a server, but has none of the forms", allowed: allowedForms) }
    if !isPath(dsn), dsn.hasSuffix(")"), dsn.contains("@tcp(") {
      throw DSNError("names no database", allowed: "user:password@tcp(host:3306)/db")
    }
    return try fileName(dsn)
  }

  private static func fileName(_ path: String) throws(DSNError) -> String {
    if path.isEmpty || path.hasSuffix("/") { throw DSNError("names no file", allowed: allowedForms) }
    if path == ":memory:" { throw DSNError("names memory, where nothing is durable", allowed: allowedForms) }
    return path
  }

  /// `root:secret@localhost:3306/db`: credentials and a database, but no word on how to get there. A file would be made
  /// under that name, and the password stand in a folder's listing.
  private static func looksLikeServer(_ dsn: String) -> Bool {
    if isPath(dsn) { return false }
    if dsn.contains("://") { return true }
    guard let at = dsn.firstIndex(of: "@") else { return false }
    return dsn[..<at].contains(":") && dsn[at...].contains("/")
  }

  private static func isPath(_ dsn: String) -> Bool { dsn.hasPrefix("/") || dsn.hasPrefix(".") }
}
