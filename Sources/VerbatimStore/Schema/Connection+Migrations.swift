import Databases

/// Numbered steps up and down, one at a time, of many that start at once too.
///
/// `applied_at` is -1 from before a step's first statement until after its last, up or down, so that where definitions
/// are not rolled back a step that was cut off is known, and done again or undone.
extension Connection {
  /// Brings the schema up to date, one migration after the other, and answers its version.
  ///
  /// Throws `StoreError.unusable` when the database's schema is newer than this program.
  func migrate(now: Int64) throws -> Int64 {
    let newest: Int64 = Migration.all.last?.version ?? 0
    let current: Int64 = try schemaVersion()
    guard current <= newest else { throw StoreError.newerSchema(found: current, known: newest) }
    try migrate(to: newest, by: Migration.all, now: now) { _ in }
    return newest
  }

  /// Applies or reverses migrations until the schema has the version; `onStep` hears of each step that was done. Whoever
  /// else migrates meanwhile is waited for.
  func migrate(
    to target: Int64, by migrations: [Migration], now: Int64, onStep: (MigrationPlan.Step) -> Void
  ) throws {
    let dialect: Dialect = try dialect()
    while try !isAt(target, dialect) {
      guard let step = try takeStep(toward: target, by: migrations, dialect, now: now) else { return }
      onStep(step)
    }
  }

  /// What `migrate` would do. Throws `StoreError.unusable` for a version that is not known, or that no way leads back to.
  func migrationPlan(to target: Int64, by migrations: [Migration]) throws -> MigrationPlan {
    let known: Int64 = migrations.last?.version ?? 0
    let begun: [Int64] = try begunVersions()
    if let newest = begun.max(), newest > known { throw StoreError.newerSchema(found: newest, known: known) }
    guard target == 0 || migrations.contains(where: { $0.version == target }) else {
      throw StoreError.unusable("there is no schema version \(target); this program knows 1 to \(known)")
    }
    let current: Int64 = try schemaVersion()
    let reversed: [Migration] = migrations.filter { $0.version > target && begun.contains($0.version) }.reversed()
    let applied: [Migration] = migrations.filter { $0.version > current && $0.version <= target }
    return MigrationPlan(
      current: current, target: target,
      steps: try reversed.map { try reversingStep(of: $0) } + applied.map { MigrationPlan.Step($0, isReversal: false) })
  }

  private func takeStep(
    toward target: Int64, by migrations: [Migration], _ dialect: Dialect, now: Int64
  ) throws -> MigrationPlan.Step? {
    try dialect.schema.exclusively(on: self) {
      try executeScript(dialect.schema.versions(dialect))
      if let newest = try begunVersions().max(), newest > target {
        guard let migration = migrations.first(where: { $0.version == newest }) else {
          throw StoreError.newerSchema(found: newest, known: migrations.last?.version ?? 0)
        }
        return try reverse(migration)
      }
      let current: Int64 = try schemaVersion()
      guard let next = migrations.first(where: { $0.version > current }), next.version <= target else { return nil }
      return try apply(next, dialect, now: now)
    }
  }

  private func apply(_ migration: Migration, _ dialect: Dialect, now: Int64) throws -> MigrationPlan.Step {
    if try !hasBegun(migration) {
      for table in migration.tables where try has(table: table, dialect) {
        throw StoreError.unusable(
          "the database has a table \(table) that is not Verbatim's; name another database, or rename the table")
      }
      try begin(migration)
    }
    for step in migration.steps(dialect) { try executeScript(step) }
    try mark(migration, appliedAt: now)
    return MigrationPlan.Step(migration, isReversal: false)
  }

  private func reverse(_ migration: Migration) throws -> MigrationPlan.Step {
    let step: MigrationPlan.Step = try reversingStep(of: migration)
    guard case .script(let script, _, _) = migration.reversal else { return step }
    try mark(migration, appliedAt: -1)
    try executeScript(script)
    try execute("DELETE FROM verbatim_schema_versions WHERE version = \(migration.version)")
    return step
  }

  /// Throws where there is no way back.
  private func reversingStep(of migration: Migration) throws -> MigrationPlan.Step {
    let bar: String?
    let step: MigrationPlan.Step
    switch migration.reversal {
    case .script(_, let loss, let obstacle):
      bar = try obstacle.flatMap { try isThere($0) ? $0.reason : nil }
      step = MigrationPlan.Step(migration, isReversal: true, loss: loss)
    case .impossible(let reason):
      bar = reason
      step = MigrationPlan.Step(migration, isReversal: true)
    }
    guard let bar else { return step }
    throw StoreError.unusable(
      "there is no way back from schema version \(migration.version) (\(migration.name)): \(bar)")
  }

  /// A table that a step back has dropped before it was cut off holds nothing.
  private func isThere(_ obstacle: Migration.Obstacle) throws -> Bool {
    do {
      return try first("\(unsafeSQL: obstacle.query)") { _ in true } ?? false
    } catch let error as DatabaseError where error.kind == .missingTable {
      return false
    }
  }

  private func hasBegun(_ migration: Migration) throws -> Bool {
    try first("SELECT 1 FROM verbatim_schema_versions WHERE version = \(migration.version)") { _ in true } ?? false
  }

  private func begin(_ migration: Migration) throws {
    try execute(
      """
      INSERT INTO verbatim_schema_versions (version, name, applied_at)
      VALUES (\(migration.version), \(migration.name), \(Int64(-1)))
      """)
  }

  private func mark(_ migration: Migration, appliedAt time: Int64) throws {
    try execute(
      "UPDATE verbatim_schema_versions SET applied_at = \(time) WHERE version = \(migration.version)")
  }

  private func isAt(_ target: Int64, _ dialect: Dialect) throws -> Bool {
    guard try has(table: "verbatim_schema_versions", dialect) else { return false }
    let newest: Int64 = try begunVersions().max() ?? 0
    return try newest == target && schemaVersion() == target
  }

  /// Versions that were applied, or begun.
  private func begunVersions() throws -> [Int64] {
    guard try has(table: "verbatim_schema_versions", dialect()) else { return [] }
    return try query("SELECT version FROM verbatim_schema_versions") { $0.integer(0) }
  }

  private func has(table: String, _ dialect: Dialect) throws -> Bool {
    try first(dialect.schema.table(named: table)) { _ in true } ?? false
  }

  /// The version of the newest migration that was applied in full; 0 for none.
  func schemaVersion() throws -> Int64 {
    guard try has(table: "verbatim_schema_versions", dialect()) else { return 0 }
    return try first("SELECT coalesce(max(version), 0) FROM verbatim_schema_versions WHERE applied_at >= 0") {
      $0.integer(0)
    } ?? 0
  }
}

extension MigrationPlan.Step {
  fileprivate init(_ migration: Migration, isReversal: Bool, loss: String? = nil) {
    self.init(version: migration.version, name: migration.name, isReversal: isReversal, loss: loss)
  }
}
