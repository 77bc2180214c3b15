/// How a connection was set up, and what the server said about itself.
struct MySQLSession {
  /// What a message holds besides values.
  static let packetOverhead = 4096

  private static let modes = [
    "ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES", "STRICT_ALL_TABLES", "NO_ENGINE_SUBSTITUTION",
    "ERROR_FOR_DIVISION_BY_ZERO",
  ]
  /// Seconds that a row's lock is waited for; a transaction that waits longer is tried again from its start.
  private static let lockPatience = 10
  /// Seconds that a table's definition is waited for, which a long reader may hold.
  private static let definitionPatience = 60

  /// Bytes of the largest message that the server takes.
  let maximumPacket: Int
  let takesBulk: Bool

  /// The address's own variables come first, so that they cannot undo what the rest counts on.
  init(
    _ handle: MySQLHandle, _ address: MySQLAddress, _ dialect: Dialect, isWriter: Bool
  ) throws(DatabaseError) {
    for (name, value) in address.variables.sorted(by: { $0.key < $1.key }) {
      guard SQL.isIdentifier(name) else { throw .misuse("not a session variable: \(name.debugDescription)") }
      try handle.run("SET SESSION \(name) = \(value)")
    }
    let collation = dialect.byteCollation ?? "utf8mb4_bin"
    try handle.run(
      """
      SET NAMES utf8mb4 COLLATE \(collation);
      SET SESSION sql_mode = '\(Self.modes.joined(separator: ","))', time_zone = '+00:00', lc_messages = 'en_US',
      autocommit = 1, innodb_lock_wait_timeout = \(Self.lockPatience), lock_wait_timeout = \(Self.definitionPatience);
      SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, \(isWriter ? "READ WRITE" : "READ ONLY")
      """)
    // MariaDB would make a table in memory for each subquery, to remember what it answered.
    if dialect == .mariaDB { try handle.run("SET SESSION optimizer_switch = 'subquery_cache=off'") }
    let answer = try handle.firstRow("SELECT @@max_allowed_packet")
    guard let limit = answer.first.flatMap({ $0 }).flatMap({ Int($0) }) else {
      throw .misuse("the server does not tell its max_allowed_packet")
    }
    maximumPacket = min(limit, address.maximumPacket ?? limit)
    takesBulk = address.usesBulk && handle.takesBulk
  }
}
