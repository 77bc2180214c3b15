import VerbatimServer

extension Command {
  static let migrate = Command(
    "migrate",
    "Bring the history's database to this program's schema, or back; take over what New API and others recorded in it.",
    options: [
      Option(name: "--dry-run", placeholder: nil, help: "Only say what would be done."),
      Option(name: "--to", placeholder: "VERSION", help: "A schema version; by default this program's."),
      Option(name: "--yes", placeholder: nil, help: "Allow steps back that lose something."),
      Option(
        name: "--account", placeholder: "NAME",
        help: "Who owns what is taken over; by default New API's users, each for themselves."),
      Option(
        name: "--legacy-timezone", placeholder: "NAME",
        help: "Of old dates that say no time zone; by default that of days."),
      Option(name: "--drop-legacy", placeholder: nil, help: "Remove old tables that were taken over, and end."),
    ],
    settings: storeSettings + ["PARTITION_TIMEZONE"] + redactionSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let version = try invocation.options["--to"].map(version)
    let name = session.configuration.historyDatabase.name
    let main = session.configuration.mainDatabase.name
    if invocation.has("--drop-legacy") { return try await dropLegacyTables(of: session, invocation) }
    if invocation.has("--dry-run") {
      for line in try await session.legacyPlan() { Terminal.print("\(name): \(line)") }
      for line in try await session.migrationPlan(to: version) { Terminal.print("\(name): \(line)") }
      if version == nil { for line in try await session.mainMigrationPlan() { Terminal.print("\(main): \(line)") } }
      return 0
    }
    if version == nil { try await moveLegacyTables(of: session, invocation) }
    try await session.migrate(to: version, allowsLoss: invocation.has("--yes")) { Terminal.print("\(name): \($0)") }
    if version == nil { for line in try await session.migrateMain() { Terminal.print("\(main): \(line)") } }
    Terminal.print("\(name) has schema version \(version ?? Session.newestSchemaVersion)")
    return 0
  }

  private static func moveLegacyTables(of session: Session, _ invocation: Invocation) async throws {
    let progress = ProgressLine()
    defer { progress.clear() }
    let name = session.configuration.historyDatabase.name
    try await session.moveLegacyTables(
      account: invocation.options["--account"], timeZone: invocation.options["--legacy-timezone"],
      onLine: { line in
        progress.clear()
        Terminal.print("\(name): \(line)")
      }, onProgress: { progress.show($0) })
  }

  private static func dropLegacyTables(of session: Session, _ invocation: Invocation) async throws -> Int32 {
    let name = session.configuration.historyDatabase.name
    if invocation.has("--dry-run") {
      for line in try await session.legacyPlan() { Terminal.print("\(name): \(line)") }
      return 0
    }
    let tables = try await session.dropLegacyTables()
    for table in tables { Terminal.print("\(name): dropped \(table)") }
    if tables.isEmpty { Terminal.print("\(name) holds no old tables") }
    return 0
  }

  private static func version(_ text: String) throws -> Int64 {
    guard let version = Int64(text), version >= 0 else {
      throw UsageError(description: "--to \(text) is no schema version; give a whole number")
    }
    return version
  }
}
