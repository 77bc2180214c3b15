import Databases

/// An engine that tests run on, each on a database of its own.
package enum TestEngine: String, Sendable, CaseIterable, CustomStringConvertible {
  case sqlite = "on SQLite"
  case postgreSQL = "on PostgreSQL"
  case mariaDB = "on MariaDB"
  /// As MySQL is written to, which cannot be had in Debian.
  case mariaDBWithoutBulk = "on MariaDB without bulk inserts"

  /// The engines whose databases are reached over a connection that can be lost.
  package static let servers = allCases.filter { $0 != .sqlite }

  package var description: String { rawValue }

  /// The name of a column's type as this engine has it.
  package func type(_ type: BulkInsert.ColumnType) -> String {
    switch (self, type) {
    case (.sqlite, .integer): "INTEGER"
    case (_, .integer): "BIGINT"
    case (.sqlite, .real): "REAL"
    case (_, .real): "DOUBLE PRECISION"
    case (.sqlite, .text), (.postgreSQL, .text): "TEXT"
    case (_, .text): "LONGTEXT"
    case (.sqlite, .blob), (.sqlite, .id): "BLOB"
    case (.postgreSQL, .blob): "BYTEA"
    case (_, .blob): "LONGBLOB"
    case (.postgreSQL, .id): "UUID"
    case (_, .id): "BINARY(16)"
    }
  }

  /// A query that only an interruption ends.
  package var endlessQuery: SQL {
    switch self {
    case .sqlite, .postgreSQL:
      """
      WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n % 1000 + 1 FROM counter)
      SELECT sum(n) FROM counter
      """
    case .mariaDB, .mariaDBWithoutBulk: "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b"
    }
  }

  /// An empty database, which `drop` removes; its server runs until the end of this process.
  package func makeDatabase() async throws -> TestDatabase {
    switch self {
    case .sqlite:
      let folder = try TemporaryFolder()
      return TestDatabase(.sqlite(SQLiteFile(path: folder.path("test.db")))) { _ = folder }
    case .postgreSQL:
      let server = try await PostgreSQLServer.shared()
      let name = try await server.createDatabase()
      return TestDatabase(.postgres(server.address(database: name))) { try await server.dropDatabase(name) }
    case .mariaDB, .mariaDBWithoutBulk:
      let server = try await MariaDBServer.shared()
      let name = try await server.createDatabase()
      var address = server.address(database: name)
      address.usesBulk = self == .mariaDB
      return TestDatabase(.mysql(address)) { try await server.dropDatabase(name) }
    }
  }

  /// Runs `body` on a database of its own, which is closed and removed afterwards.
  package func withDatabase<Result>(
    _ configure: (inout Database.Configuration) -> Void = { _ in }, _ body: (Database) async throws -> Result
  ) async throws -> Result {
    let place = try await makeDatabase()
    var configuration = Database.Configuration(place.engine)
    configure(&configuration)
    let outcome = await Self.outcome {
      let database = try await Database.open(configuration)
      let outcome = await Self.outcome { try await body(database) }
      await database.close()
      return try outcome.get()
    }
    try await place.drop()
    return try outcome.get()
  }

  private static func outcome<Success>(
    _ body: () async throws -> Success
  ) async -> Swift.Result<Success, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}

/// How to open a database that was made for one test.
package struct TestDatabase: Sendable {
  package let engine: Engine
  package let drop: @Sendable () async throws -> Void

  init(_ engine: Engine, drop: @escaping @Sendable () async throws -> Void) {
    self.engine = engine
    self.drop = drop
  }
}
