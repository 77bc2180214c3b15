import Databases
import Testing
import VerbatimTesting

@testable import VerbatimStore

@Suite struct RefusedLoginTests {
  @Test func `a wrong password stops a start at once, where a server that is away would be waited for`() async throws {
    var postgres = try await PostgreSQLServer.shared().address(database: "postgres")
    postgres.password = "not the password"
    var mysql = try await MariaDBServer.shared().address(database: "mysql")
    mysql.password = "not the password"
    for engine in [Engine.postgres(postgres), .mysql(mysql)] {
      let error = await #expect(throws: StoreError.self) { _ = try await Store.open(Store.Configuration(engine)) }
      guard case .unusable(let reason) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(!reason.contains("not the password"))
    }
  }
}
