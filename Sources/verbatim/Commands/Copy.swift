import VerbatimServer

extension Command {
  static let copy = Command(
    "copy", "Copy a history or accounts to another database of any engine, and compare both; repeated, catch up.",
    options: [
      Option(name: "--from", placeholder: "DSN", help: "The database to read; a server may write to it meanwhile."),
      Option(name: "--to", placeholder: "DSN", help: "The database to fill; it is made where it is missing."),
      Option(
        name: "--with-accounts", placeholder: nil,
        help: "Accounts, keys and audit trail, too, which the database of a history may hold."),
      Option(name: "--only-accounts", placeholder: nil, help: "These alone, of a main database of its own."),
      Option(name: "--replace", placeholder: nil, help: "Delete whatever else the target holds."),
    ],
    settings: ["LOG_LEVEL", "LOG_FORMAT"]
  ) { invocation in
    guard let source = invocation.options["--from"], let target = invocation.options["--to"] else {
      throw UsageError(description: "verbatim copy needs --from DSN and --to DSN")
    }
    guard !invocation.has("--with-accounts") || !invocation.has("--only-accounts") else {
      throw UsageError(description: "--with-accounts and --only-accounts do not go together")
    }
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let progress = ProgressLine()
    defer { progress.clear() }
    let start = ContinuousClock.now
    var parts: Session.CopiedParts = invocation.has("--only-accounts") ? .accounts : .history
    if invocation.has("--with-accounts") { parts.insert(.accounts) }
    let tables = try await session.copy(parts, from: source, to: target, replaces: invocation.has("--replace")) {
      done, total, text in
      progress.show("\(progress.bar(done, of: total)) \(text)")
    }
    progress.clear()
    for line in tables { Terminal.print(line) }
    let tenths = ((ContinuousClock.now - start) / .milliseconds(100)).rounded()
    Terminal.print("The target holds what the source held when this began (\(tenths / 10) s)")
    return 0
  }
}
