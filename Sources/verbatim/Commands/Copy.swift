import VerbatimServer

extension Command {
  static let copy = Command(
    "copy", "Copy a whole history to another database of any engine, and compare both; repeated, go on or catch up.",
    options: [
      Option(name: "--from", placeholder: "DSN", help: "The database to read; a server may write to it meanwhile."),
      Option(name: "--to", placeholder: "DSN", help: "The database to fill; it is made where it is missing."),
      Option(name: "--replace", placeholder: nil, help: "Delete whatever other history the target holds."),
    ],
    settings: ["LOG_LEVEL", "LOG_FORMAT"]
  ) { invocation in
    guard let source = invocation.options["--from"], let target = invocation.options["--to"] else {
      throw UsageError(description: "verbatim copy needs --from DSN and --to DSN")
    }
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let progress = ProgressLine()
    defer { progress.clear() }
    let start = ContinuousClock.now
    let tables = try await session.copy(from: source, to: target, replaces: invocation.has("--replace")) {
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
