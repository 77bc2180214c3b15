import Databases

/// What each engine needs said in its own words: definitions, and the few statements that differ altogether. Everything
/// else is written once, with what `Dialect` says.
protocol SchemaStatements {
  /// Makes the table of versions if it is not there.
  static func versions(in table: String, _ dialect: Dialect) -> String
  /// A row where there is a table of this name.
  static func table(named name: String) -> SQL
  /// A table's columns in their order: name, type, place in the primary key from 1 on or 0.
  static func columns(of table: String) -> SQL
  /// The names of all tables.
  static func tableNames() -> SQL
  /// Table, column and type of the columns of some tables, each table's in their order.
  static func columns(of tables: [String]) -> SQL
  /// Statements, one after the other, that rename tables; all or, where definitions are not rolled back, one that does
  /// it at once.
  static func renaming(_ names: [(old: String, new: String)]) -> [String]
  /// The tables of the recorder, one script or statement after the other. Where definitions are not rolled back, each
  /// may find that it was done already.
  static func recorder(_ dialect: Dialect) -> [String]
  /// The table of aliases, likewise.
  static func aliases(_ dialect: Dialect) -> String
  /// The table that says where the rows of each day are, likewise.
  static func dayTables(_ dialect: Dialect) -> String
  /// The tables of accounts and keys, in the main database, as `recorder` gives the history's.
  static func access(_ dialect: Dialect) -> [String]
  /// What was added to accounts and keys: numbers and limits of keys, and what changed lately, likewise.
  static func keyLimits(_ dialect: Dialect) -> [String]
  /// The way back from it.
  static func withoutKeyLimits(_ dialect: Dialect) -> [String]
  /// The table of the audit trail, likewise.
  static func audit(_ dialect: Dialect) -> [String]
  /// The trail's index of conversations by the end of their ids, likewise; and the way back to the one before.
  static func auditTails(_ dialect: Dialect) -> [String]
  static func withoutAuditTails(_ dialect: Dialect) -> [String]
  /// The table of channels, likewise.
  static func channels(_ dialect: Dialect) -> [String]
  /// The table of work in the background, likewise.
  static func jobs(_ dialect: Dialect) -> [String]
  /// Tags, purges, and indexes for lists of conversations, likewise.
  static func conversationLists(_ dialect: Dialect) -> [String]
  /// The tables of the search index, likewise.
  static func search(_ dialect: Dialect) -> [String]
  /// The table of batches, likewise; its numbers are given by the engine.
  static func feed(_ dialect: Dialect) -> [String]
  /// Makes numbers of batches go on behind those that a copy has brought; nil where they do so anyway.
  static var batchNumbering: SQL? { get }
  /// Runs `body` in a transaction that waits for the locks of others only briefly, and then fails as a conflict.
  static func hastily<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result
  /// The key of `verbatim_usage_by_day` with the user first, and the table of totals, likewise.
  static func usageTotals(_ dialect: Dialect) -> [String]
  /// The table of messages by which threads are found, and an index for lists of completions, likewise.
  static func threads(_ dialect: Dialect) -> [String]
  /// The table of items that were taken out of conversations, likewise.
  static func removedItems(_ dialect: Dialect) -> String
  /// Gives columns of names and tags the room that they need when they are sealed; can be done again.
  static func roomForSealedTexts(inHistory tables: [String]) -> [String]
  /// A table for one day's messages, or for its failures, with its index; does nothing where it is there.
  static func historyTable(named name: String, hasFailures: Bool, _ dialect: Dialect) -> String
  /// The names of all tables that begin with one of the two history tables' names and `_`.
  static var historyTables: SQL { get }
  /// Runs `body` while nobody else makes tables of days or enters them: in one transaction where definitions are rolled
  /// back. Fails as a conflict when another takes too long.
  static func makingDayTables<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result
  /// Runs `body`, within `makingDayTables`, while nobody else reads or writes these tables; who waits for them goes on
  /// afterwards, and finds those that `body` drops gone. Besides them `body` may only read `other`.
  static func lockingTables<Result>(
    _ tables: [String], reading other: String, on connection: isolated Connection, _ body: () throws -> Result
  ) throws -> Result
  /// A query for 1 when this session is the only one to move tables from now on, else 0; nil where nobody else writes.
  static func sessionLock() -> SQL?
  /// Runs `body` while nobody else changes the schema: in one transaction where definitions are rolled back.
  static func exclusively<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result
  /// How the server is set up so that a commit might not survive a crash, a few words each.
  static func risks(on connection: isolated Connection) throws -> [String]
}

extension SchemaStatements {
  /// Nothing, where text has no length.
  static func roomForSealedTexts(inHistory tables: [String]) -> [String] { [] }
}

extension Connection {
  func makeRoomForSealedTexts() throws {
    let tables: [String] = try historyTables().union(Partition.wholeTables).sorted()
    for statement in try dialect().schema.roomForSealedTexts(inHistory: tables) { try executeScript(statement) }
  }
}

extension Dialect {
  var schema: any SchemaStatements.Type {
    switch family {
    case .sqlite: SQLiteSchema.self
    case .postgresql: PostgreSQLSchema.self
    case .mysql: MySQLSchema.self
    }
  }
}
