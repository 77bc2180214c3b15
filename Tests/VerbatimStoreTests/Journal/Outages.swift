import Databases
import Foundation
import VerbatimTesting

@testable import VerbatimStore

/// A server that can be killed, and a journal beside it.
struct Outages: Sendable {
  let folder: TemporaryFolder
  let engine: Engine
  let kill: @Sendable () async throws -> Void
  /// Also again after it was killed.
  let start: @Sendable () async throws -> Void
  let stop: @Sendable () async throws -> Void
  /// Of a server that is killed the connection ends, which needs no patience.
  var answerPatience: Duration = .seconds(60)

  /// Of a server that does not die but hangs.
  static func hangs() async throws -> Outages {
    let server: PostgreSQLServer = try await PostgreSQLServer.start()
    return Outages(
      folder: try TemporaryFolder(), engine: .postgres(server.address(database: "journaled")),
      kill: { try server.hang() }, start: { try server.goOn() }, stop: { try await server.stop() },
      answerPatience: .milliseconds(500))
  }

  var journalPath: String { folder.path("journal.db") }

  func withStore<Result>(
    journalBytes: Int = 1 << 20, _ body: (Store) async throws -> Result
  ) async throws -> Result {
    var configuration = Store.Configuration(engine)
    configuration.journal = JournalConfiguration(path: journalPath, maximumBytes: journalBytes)
    configuration.answerPatience = answerPatience
    let store: Store = try await Store.open(configuration)
    do {
      let result: Result = try await body(store)
      await store.close()
      return result
    } catch {
      await store.close()
      throw error
    }
  }
}
