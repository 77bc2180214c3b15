import Databases
import VerbatimTesting

/// Runs `body` on an empty database of its own on the server that all tests share, then drops it.
func withMariaDB<Result>(
  on server: MariaDBServer? = nil, _ configure: (inout MySQLAddress) -> Void = { _ in },
  _ body: (Database) async throws -> Result
) async throws -> Result {
  let shared = if let server { server } else { try await MariaDBServer.shared() }
  let name = try await shared.createDatabase()
  var address = shared.address(database: name)
  configure(&address)
  let database = try await Database.open(Database.Configuration(.mysql(address)))
  do {
    let result = try await body(database)
    await database.close()
    try await shared.dropDatabase(name)
    return result
  } catch {
    await database.close()
    throw error
  }
}
