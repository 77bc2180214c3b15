/// The migrations of one kind of database, and the table that says which of them were applied: the two kinds may be one
/// database, and each goes on by itself.
struct MigrationChain: Sendable {
  let versionsTable: String
  /// In order of their versions.
  let migrations: [Migration]

  var newest: Int64 { migrations.last?.version ?? 0 }

  static let history = MigrationChain(versionsTable: "verbatim_schema_versions", migrations: Migration.all)
  static let main = MigrationChain(versionsTable: "verbatim_main_schema_versions", migrations: Migration.main)
}
