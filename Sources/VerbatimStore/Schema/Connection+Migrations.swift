import Databases

/// Numbered steps up and down, one at a time, of many that start at once too.
///
/// `applied_at` is -1 from before a step's first statement until after its last, up or down, so that where definitions
/// are not rolled back a step that was cut off is known, and done again or undone.
extension Connection {
  /// Brings the schema up to date, one migration after the other, and answers its version.
  ///
  /// Throws `StoreError.unusable` when the database's schema is newer than this program.
  func migrate(_ chain: MigrationChain, now: Int64) throws -> Int64 {
    let current: Int64 = try schemaVersion(of: chain)
    guard current <= chain.newest else { throw StoreError.newerSchema(found: current, known: chain.newest) }
    try migrate(to: chain.newest, by: chain, now: now) { _ in }
    return chain.newest
  }

  /// Applies or reverses migrations until the schema has the version; `onStep` hears of each step that was done. Whoever
  /// else migrates meanwhile is waited for.
  func migrate(
    to target: Int64, by chain: MigrationChain, now: Int64, onStep: (MigrationPlan.Step) -> Void
  ) throws {
    let dialect: Dialect = try dialect()
    while try !isAt(target, of: chain, dialect) {
      guard let step = try takeStep(toward: target, by: chain, dialect, now: now) else { return }
      onStep(step)
    }
  }

  /// What `migrate` would do. Throws `StoreError.unusable` for a version that is not known, or that no way leads back to.
  func migrationPlan(to target: Int64, by chain: MigrationChain) throws -> MigrationPlan {
    let (known, migrations) = (chain.newest, chain.migrations)
    let begun: [Int64] = try begunVersions(of: chain)
    if let newest = begun.max(), newest > known { throw StoreError.newerSchema(found: newest, known: known) }
    guard target == 0 || migrations.contains(where: { $0.version == target }) else {
      throw StoreError.unusable("there is no schema version \(target); this program knows 1 to \(known)")
    }
    let current: Int64 = try schemaVersion(of: chain)
    let reversed: [Migration] = migrations.filter { $0.version > target && begun.contains($0.version) }.reversed()
    let applied: [Migration] = migrations.filter { $0.version > current && $0.version <= target }
    return MigrationPlan(
      current: current, target: target,
      steps: try reversed.map { try reversingStep(of: $0) } + applied.map { MigrationPlan.Step($0, isReversal: false) })
  }

  private func takeStep(
    toward target: Int64, by chain: MigrationChain, _ dialect: Dialect, now: Int64
  ) throws -> MigrationPlan.Step? {
    try dialect.schema.exclusively(on: self) {
      try executeScript(dialect.schema.versions(in: chain.versionsTable, dialect))
      if let newest = try begunVersions(of: chain).max(), newest > target {
        guard let migration = chain.migrations.first(where: { $0.version == newest }) else {
          throw StoreError.newerSchema(found: newest, known: chain.newest)
        }
        return try reverse(migration, in: chain, dialect)
      }
      let current: Int64 = try schemaVersion(of: chain)
      guard let next = chain.migrations.first(where: { $0.version > current }), next.version <= target else {
        return nil
      }
      return try apply(next, in: chain, dialect, now: now)
    }
  }

  private func apply(
    _ migration: Migration, in chain: MigrationChain, _ dialect: Dialect, now: Int64
  ) throws -> MigrationPlan.Step {
    if try !hasBegun(migration, in: chain) {
      for table in migration.tables where try has(table: table, dialect) {
        throw StoreError.unusable(
          "the database has a table \(table) that is not Verbatim's; name another database, or rename the table")
      }
      try begin(migration, in: chain)
    }
    for step in migration.steps(dialect) { try executeScript(step) }
    try migration.adapt?(self)
    try mark(migration, in: chain, appliedAt: now)
    return MigrationPlan.Step(migration, isReversal: false)
  }

  private func reverse(
    _ migration: Migration, in chain: MigrationChain, _ dialect: Dialect
  ) throws -> MigrationPlan.Step {
    let step: MigrationPlan.Step = try reversingStep(of: migration)
    guard case .steps(let steps, _, _) = migration.reversal else { return step }
    try mark(migration, in: chain, appliedAt: -1)
    for step in steps(dialect) { try executeScript(step) }
    try execute("DELETE FROM \(identifier: chain.versionsTable) WHERE version = \(migration.version)")
    return step
  }

  /// Throws where there is no way back.
  private func reversingStep(of migration: Migration) throws -> MigrationPlan.Step {
    let bar: String?
    let step: MigrationPlan.Step
    switch migration.reversal {
    case .steps(_, let loss, let obstacle):
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

  private func hasBegun(_ migration: Migration, in chain: MigrationChain) throws -> Bool {
    try first("SELECT 1 FROM \(identifier: chain.versionsTable) WHERE version = \(migration.version)") { _ in true }
      ?? false
  }

  private func begin(_ migration: Migration, in chain: MigrationChain) throws {
    try execute(
      """
      INSERT INTO \(identifier: chain.versionsTable) (version, name, applied_at)
      VALUES (\(migration.version), \(migration.name), \(Int64(-1)))
      """)
  }

  private func mark(_ migration: Migration, in chain: MigrationChain, appliedAt time: Int64) throws {
    try execute(
      "UPDATE \(identifier: chain.versionsTable) SET applied_at = \(time) WHERE version = \(migration.version)")
  }

  private func isAt(_ target: Int64, of chain: MigrationChain, _ dialect: Dialect) throws -> Bool {
    guard try has(table: chain.versionsTable, dialect) else { return false }
    let newest: Int64 = try begunVersions(of: chain).max() ?? 0
    return try newest == target && schemaVersion(of: chain) == target
  }

  /// Versions that were applied, or begun.
  private func begunVersions(of chain: MigrationChain) throws -> [Int64] {
    guard try has(table: chain.versionsTable, dialect()) else { return [] }
    return try query("SELECT version FROM \(identifier: chain.versionsTable)") { $0.integer(0) }
  }

  private func has(table: String, _ dialect: Dialect) throws -> Bool {
    try first(dialect.schema.table(named: table)) { _ in true } ?? false
  }

  /// The version of the newest migration that was applied in full; 0 for none.
  func schemaVersion(of chain: MigrationChain = .history) throws -> Int64 {
    guard try has(table: chain.versionsTable, dialect()) else { return 0 }
    return try first(
      "SELECT coalesce(max(version), 0) FROM \(identifier: chain.versionsTable) WHERE applied_at >= 0"
    ) { $0.integer(0) } ?? 0
  }
}

extension MigrationPlan.Step {
  fileprivate init(_ migration: Migration, isReversal: Bool, loss: String? = nil) {
    self.init(version: migration.version, name: migration.name, isReversal: isReversal, loss: loss)
  }
}
