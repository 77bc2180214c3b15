import Databases

/// What a database's schema has to go through to have a version.
package struct MigrationPlan: Sendable, Equatable {
  package struct Step: Sendable, Equatable {
    package let version: Int64
    package let name: String
    /// Whether the step leads back.
    package let isReversal: Bool
    /// What goes with it, where something does.
    package let loss: String?
  }

  package let current: Int64
  package let target: Int64
  package let steps: [Step]
}

extension Store {
  /// What `migrate` would do to the database; only reads, also while a server runs. `version`: nil for this program's.
  package static func migrationPlan(_ configuration: Configuration, to version: Int64?) async throws -> MigrationPlan {
    let target: Int64 = version ?? newestSchemaVersion
    return try await withDatabase(configuration, isWritable: false) { database in
      try await database.read { try $0.migrationPlan(to: target, by: .history) }
    }
  }

  /// Applies and reverses migrations, one at a time; one that is interrupted is taken up by the next call. Steps back
  /// that lose something are done only where `allowsLoss`.
  package static func migrate(
    _ configuration: Configuration, to version: Int64?, allowsLoss: Bool,
    onStep: @escaping @Sendable (MigrationPlan.Step) -> Void
  ) async throws {
    let target: Int64 = version ?? newestSchemaVersion
    let (now, timeZone) = (configuration.clock(), configuration.partitionTimeZone)
    try await withDatabase(configuration, isWritable: true) { database in
      _ = try await database.writer.run { connection in
        let plan: MigrationPlan = try connection.migrationPlan(to: target, by: .history)
        if !allowsLoss, let step = plan.steps.first(where: { $0.loss != nil }) {
          throw StoreError.unusable(
            "leading back schema version \(step.version) (\(step.name)) loses something: \(step.loss ?? ""); "
              + "repeat with --yes if that may be")
        }
        try connection.migrate(to: target, by: .history, now: now, onStep: onStep)
        guard target > 0 else { return }
        // As a first start does.
        try connection.initializeSetting(.partitionTimeZone, to: timeZone)
        try connection.initializeSetting(.firstStartedAt, to: "\(now)")
      }
    }
  }

  /// Brings the main database to this program's schema; the steps that were done.
  package static func migrate(_ configuration: MainStore.Configuration) async throws -> [MigrationPlan.Step] {
    var history = Configuration(configuration.engine)
    history.purpose = configuration.purpose
    let now: Int64 = configuration.clock()
    return try await withDatabase(history, isWritable: true) { database in
      try await database.writer.run { connection in
        var steps: [MigrationPlan.Step] = []
        try connection.migrate(to: MigrationChain.main.newest, by: .main, now: now) { steps.append($0) }
        return steps
      }
    }
  }

  /// What that would do; only reads.
  package static func migrationPlan(_ configuration: MainStore.Configuration) async throws -> MigrationPlan {
    try await withDatabase(Configuration(configuration.engine), isWritable: false) { database in
      try await database.read { try $0.migrationPlan(to: MigrationChain.main.newest, by: .main) }
    }
  }

  /// The version that this program works with.
  package static var newestSchemaVersion: Int64 { MigrationChain.history.newest }

  private static func withDatabase<Result>(
    _ configuration: Configuration, isWritable: Bool, _ body: (Database) async throws -> Result
  ) async throws -> Result {
    var database = Database.Configuration(configuration.engine)
    database.isWritable = isWritable
    database.isMadeWhenMissing = isWritable
    database.purpose = configuration.purpose
    do {
      let open = try await Database.open(database)
      do {
        let result: Result = try await body(open)
        await open.close()
        return result
      } catch {
        await open.close()
        throw error
      }
    } catch let error as DatabaseError {
      throw StoreError.unusable(configuration.engine.line(about: error))
    }
  }
}
