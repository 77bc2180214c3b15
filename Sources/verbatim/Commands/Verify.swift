import VerbatimServer

extension Command {
  static let verify = Command(
    "verify", "Compare the database's counts, counters, keys and references; exit 1 when something is wrong.",
    settings: storeSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let progress = ProgressLine()
    defer { progress.clear() }
    let wrong = try await session.verify { progress.show($0) }
    progress.clear()
    for line in wrong { Terminal.print(line) }
    let name = session.configuration.historyDatabase.name
    Terminal.print(wrong.isEmpty ? "\(name): everything agrees" : "\(name): \(wrong.count) things are wrong")
    return wrong.isEmpty ? 0 : 1
  }
}
