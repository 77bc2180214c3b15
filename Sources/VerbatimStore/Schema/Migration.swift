import Databases

/// One numbered step of the schema; never changed once released, only followed by another.
struct Migration: Sendable {
  let version: Int64
  let name: String
  /// Why there is no way back, or the script that goes back.
  let reversal: Reversal
  let script: String

  enum Reversal: Sendable {
    case script(String)
    case impossible(reason: String)
  }

  /// In order of their versions.
  static let all: [Migration] = [.recorder]
}

extension Connection {
  /// Brings the schema up to date, one transaction a migration, and answers its version.
  ///
  /// Throws `StoreError.unusable` when the file's schema is newer than this program.
  func migrate(now: Int64) throws -> Int64 {
    try executeScript(
      """
      CREATE TABLE IF NOT EXISTS verbatim_schema_versions (
        version    INTEGER NOT NULL PRIMARY KEY,
        name       TEXT    NOT NULL,
        applied_at INTEGER NOT NULL
      )
      """)
    let current: Int64 = try schemaVersion()
    let newest: Int64 = Migration.all.last?.version ?? 0
    guard current <= newest else { throw StoreError.newerSchema(found: current, known: newest) }
    for migration in Migration.all where migration.version > current {
      try transaction {
        try executeScript(migration.script)
        try execute(
          """
          INSERT INTO verbatim_schema_versions (version, name, applied_at)
          VALUES (\(migration.version), \(migration.name), \(now))
          """)
      }
    }
    return newest
  }

  /// The version of the newest migration that was applied; 0 for none.
  func schemaVersion() throws -> Int64 {
    let isThere: Int64? = try first(
      "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'verbatim_schema_versions'"
    ) { $0.integer(0) }
    guard isThere != nil else { return 0 }
    return try first("SELECT coalesce(max(version), 0) FROM verbatim_schema_versions") { $0.integer(0) } ?? 0
  }
}

extension StoreError {
  static func newerSchema(found: Int64, known: Int64) -> StoreError {
    .unusable(
      "the database has schema version \(found), this program knows versions up to \(known); use a newer verbatim")
  }
}
