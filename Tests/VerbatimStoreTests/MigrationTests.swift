import Databases
import Testing
import VerbatimTesting

@testable import VerbatimStore

@Suite struct MigrationTests {
  /// All that there are, and one more, whose way back loses something.
  private static let extended = MigrationChain(
    versionsTable: MigrationChain.history.versionsTable,
    migrations: Migration.all + [
      Migration(
        version: newest + 1, name: "shelves",
        reversal: .script("DROP TABLE IF EXISTS verbatim_shelves", loses: "what stood on shelves"),
        tables: ["verbatim_shelves"],
        steps: { dialect in
          let clause = dialect.rollsBackDefinitions ? "" : "IF NOT EXISTS "
          return ["CREATE TABLE \(clause)verbatim_shelves (id INTEGER NOT NULL PRIMARY KEY)"]
        })
    ])
  private static let newest: Int64 = Store.newestSchemaVersion

  private static func migrate(_ connection: isolated Connection, to version: Int64) throws -> [MigrationPlan.Step] {
    var steps: [MigrationPlan.Step] = []
    try connection.migrate(to: version, by: extended, now: 1) { steps.append($0) }
    return steps
  }

  @Test(arguments: TestEngine.allCases)
  func `a schema goes up, back and up again`(engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        let up = try Self.migrate(connection, to: Self.newest + 1)
        #expect(up.map(\.version) == Array(1...Self.newest + 1))
        try connection.execute("INSERT INTO verbatim_shelves (id) VALUES (1)")
        let plan = try connection.migrationPlan(to: Self.newest, by: Self.extended)
        #expect(plan.steps.map(\.loss) == ["what stood on shelves"])
        let back = try Self.migrate(connection, to: Self.newest)
        #expect(back == plan.steps)
        #expect(try connection.schemaVersion() == Self.newest)
        #expect(try connection.migrationPlan(to: Self.newest, by: Self.extended).steps.isEmpty)
        _ = try Self.migrate(connection, to: Self.newest + 1)
        let left = try connection.first("SELECT count(*) FROM verbatim_shelves") { $0.integer(0) }
        #expect(left == 0)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `the history itself has no way back`(engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        _ = try Self.migrate(connection, to: Self.newest)
        let error = #expect(throws: StoreError.self) { _ = try connection.migrationPlan(to: 0, by: Self.extended) }
        #expect("\(String(describing: error))".contains("no way back"))
        _ = #expect(throws: StoreError.self) { _ = try connection.migrationPlan(to: 99, by: Self.extended) }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a way back that was cut off is gone to its end, or up again`(engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        for version in [Self.newest, Self.newest + 1] {
          _ = try Self.migrate(connection, to: Self.newest + 1)
          // What is left where definitions are not rolled back: the table has gone, and the version has not.
          try connection.executeScript("DROP TABLE verbatim_shelves")
          try connection.execute(
            "UPDATE verbatim_schema_versions SET applied_at = -1 WHERE version = \(Self.newest + 1)")
          let steps = try Self.migrate(connection, to: version)
          #expect(steps.map(\.isReversal) == [version == Self.newest])
          #expect(try connection.schemaVersion() == version)
        }
        let count = try connection.first("SELECT count(*) FROM verbatim_shelves") { $0.integer(0) }
        #expect(count == 0)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `tables of days bar the way back to a version that does not know them`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      for isDaily in [false, true] {
        try await fixture.withStore({ $0.isDaily = isDaily }) { _ in }
        let configuration = Store.Configuration(fixture.engine)
        if isDaily {
          await #expect(throws: StoreError.self) {
            try await Store.migrate(configuration, to: 2, allowsLoss: true) { _ in }
          }
        } else {
          try await Store.migrate(configuration, to: 2, allowsLoss: true) { _ in }
          let back = try await Store.migrationPlan(configuration, to: nil)
          #expect(back.current == 2)
        }
      }
    }
  }

  @Test(arguments: TestEngine.servers)
  func `two that migrate at once do each step once`(engine: TestEngine) async throws {
    let place = try await engine.makeDatabase()
    let steps = try await withThrowingTaskGroup(of: [MigrationPlan.Step].self) { group in
      for _ in 0..<4 {
        group.addTask {
          let database = try await Database.open(Database.Configuration(place.engine))
          let steps = try await database.writer.run { try Self.migrate($0, to: Self.newest + 1) }
          await database.close()
          return steps
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(steps.map(\.version).sorted() == Array(1...Self.newest + 1))
    try await place.drop()
  }
}
