import VerbatimServer

extension Command {
  static let reencrypt = Command(
    "reencrypt",
    "Encrypt what is stored with the first of CONTENT_KEYS; decrypt it where the list begins with none.",
    settings: storeSettings + ["CONTENT_KEYS_FILE"]
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let progress = ProgressLine()
    defer { progress.clear() }
    let texts = try await session.reencrypt { progress.show($0) }
    progress.clear()
    Terminal.print("\(session.configuration.historyDatabase.name): \(texts) texts changed")
    return 0
  }
}
