import VerbatimServer

extension Command {
  static let migrate = Command(
    "migrate", "Bring the history's database to this program's schema, or back to an earlier one.",
    options: [
      Option(name: "--dry-run", placeholder: nil, help: "Only say what would be done."),
      Option(name: "--to", placeholder: "VERSION", help: "A schema version; by default this program's."),
      Option(name: "--yes", placeholder: nil, help: "Allow steps back that lose something."),
    ],
    settings: storeSettings + ["PARTITION_TIMEZONE"]
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let version = try invocation.options["--to"].map(version)
    let name = session.configuration.historyDatabase.name
    if invocation.has("--dry-run") {
      for line in try await session.migrationPlan(to: version) { Terminal.print("\(name): \(line)") }
      return 0
    }
    try await session.migrate(to: version, allowsLoss: invocation.has("--yes")) { Terminal.print("\(name): \($0)") }
    Terminal.print("\(name) has schema version \(version ?? Session.newestSchemaVersion)")
    return 0
  }

  private static func version(_ text: String) throws -> Int64 {
    guard let version = Int64(text), version >= 0 else {
      throw UsageError(description: "--to \(text) is no schema version; give a whole number")
    }
    return version
  }
}
