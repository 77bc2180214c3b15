import Databases
import Testing
import VerbatimTesting

/// Waits until a server has come as far as its database shows, since it says nothing of its progress itself.
func waitUntil<Progress: Sendable>(
  _ engine: Engine, _ server: SpawnedServer, sees look: @escaping @Sendable (isolated Connection) throws -> Progress,
  _ isReached: @Sendable (Progress) -> Bool
) async throws {
  var configuration = Database.Configuration(engine)
  configuration.isWritable = false
  let database = try await Database.open(configuration)
  while server.process.isRunning, try await !isReached(database.read { try look($0) }) {}
  #expect(server.process.isRunning)
  await database.close()
}
