/// Makes a database that its server does not have.
struct DatabaseCreation {
  /// How often one is tried that another verbatim makes at the same moment.
  private static let attempts = 5

  private let engine: Engine
  /// The server without the database.
  private let server: Engine

  /// nil unless an error says that the server has no such database.
  init?(of engine: Engine, after error: DatabaseError) {
    self.engine = engine
    switch engine {
    case .sqlite: return nil
    case .postgres(var address):
      guard error.code == postgresCode("3D000") else { return nil }
      address.database = "postgres"
      server = .postgres(address)
    case .mysql(var address):
      guard Self.missingInMySQL.contains(error.code) else { return nil }
      address.database = ""
      server = .mysql(address)
    }
  }

  /// Many may do so at once. Throws one line that says what to run where it is not permitted.
  func run() async throws {
    var configuration = Database.Configuration(server)
    configuration.writerCount = 1
    let database = try await Database.open(configuration)
    do {
      let statement = statement(try await database.dialect())
      try await run(statement, on: database.writer)
    } catch {
      await database.close()
      throw error
    }
    await database.close()
  }

  private func run(_ statement: String, on connection: Connection) async throws {
    for attempt in 1...Self.attempts {
      do {
        try await connection.run { try $0.executeScript(statement) }
        return
      } catch let error as DatabaseError {
        if Self.isThere(error) { return }
        if Self.isBusy(error), attempt < Self.attempts { continue }
        throw DatabaseError(
          kind: error.kind, code: error.code,
          message: "\(engine): the database is not there or not for this user, and cannot be made (\(error.message)); "
            + "let an administrator run: \(statement)\(grant)")
      }
    }
  }

  /// What else an administrator has to do.
  private var grant: String {
    guard case .mysql(let address) = engine else { return "" }
    return "; GRANT ALL ON `\(address.database)`.* TO '\(address.user)'@'%'"
  }

  /// As an administrator can paste it, too.
  private func statement(_ dialect: Dialect) -> String {
    switch engine {
    case .sqlite(let file): return file.path
    case .postgres(let address):
      let name = address.database.map { $0 == "\"" ? "\"\"" : "\($0)" }.joined()
      return "CREATE DATABASE \"\(name)\" ENCODING 'UTF8' TEMPLATE template0"
    case .mysql(let address):
      let name = address.database.map { $0 == "`" ? "``" : "\($0)" }.joined()
      let collation = dialect.byteCollation.map { " COLLATE \($0)" } ?? ""
      return "CREATE DATABASE IF NOT EXISTS `\(name)` CHARACTER SET utf8mb4\(collation)"
    }
  }

  /// MySQL's ER_BAD_DB_ERROR, and ER_DBACCESS_DENIED_ERROR, since whoever has no rights on a database does not hear
  /// whether it is there.
  private static let missingInMySQL: Set<Int32> = [1049, 1044]

  /// Another one was quicker: `duplicate_database`, or the index of their names.
  private static func isThere(_ error: DatabaseError) -> Bool {
    error.code == postgresCode("42P04") || error.code == postgresCode("23505")
  }

  /// The template is being copied.
  private static func isBusy(_ error: DatabaseError) -> Bool { error.code == postgresCode("55006") }
}
