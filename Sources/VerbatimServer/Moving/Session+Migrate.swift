import VerbatimStore

extension Session {
  package static var newestSchemaVersion: Int64 { Store.newestSchemaVersion }

  /// What `migrate` would do to the history's database, a line each.
  package func migrationPlan(to version: Int64?) async throws -> [String] {
    let plan = try await Store.migrationPlan(storeConfiguration, to: version)
    let steps = plan.steps.map { "would \($0.isReversal ? "lead back" : "apply") \(Self.text($0))" }
    let end = plan.steps.isEmpty ? ["nothing to do"] : []
    return ["schema version \(plan.current), wanted \(plan.target)"] + steps + end
  }

  /// Brings the database to a schema version, this program's when nil; `onLine` hears of each step.
  package func migrate(
    to version: Int64?, allowsLoss: Bool, onLine: @escaping @Sendable (String) -> Void
  ) async throws {
    try configuration.historyDatabase.prepareFolder()
    var store = storeConfiguration
    store.purpose = "migration"
    try await Store.migrate(store, to: version, allowsLoss: allowsLoss) { step in
      onLine("\(step.isReversal ? "led back" : "applied") \(Self.text(step))")
    }
  }

  /// What bringing the main database to this program's schema would do, a line each.
  package func mainMigrationPlan() async throws -> [String] {
    let plan = try await Store.migrationPlan(configuration.main(log: log))
    return plan.steps.map { "would apply to the main database \(Self.text($0))" }
  }

  /// Brings the main database to this program's schema; a line for each step.
  package func migrateMain() async throws -> [String] {
    try configuration.mainDatabase.prepareFolder()
    var main = configuration.main(log: log)
    main.purpose = "migration"
    return try await Store.migrate(main).map { "applied to the main database \(Self.text($0))" }
  }

  private static func text(_ step: MigrationPlan.Step) -> String {
    "schema version \(step.version) (\(step.name))" + (step.loss.map { "; lost with it: \($0)" } ?? "")
  }
}
