import VerbatimServer

extension Command {
  static let importExchanges = Command(
    "import", "Record the exchanges of a file or of another program's database, each once, however often.",
    operands: [
      Operand(
        name: "FILE", help: "JSON lines or an array; - reads standard input.",
        isOptional: true)
    ],
    options: [
      Option(
        name: "--server", placeholder: "URL",
        help: "Send to this server; by default to the one that holds the database."),
      Option(
        name: "--format", placeholder: "NAME",
        help: "\(ImportWork.formats) for a file, by default what it looks like; mes, seed002, seed003 or seed004 for a "
          + "database."),
      Option(
        name: "--app", placeholder: "ID", help: "Whose exchanges those of other programs become. [the format's name]"),
      Option(name: "--user", placeholder: "ID", help: "Likewise, where they name no user. [import]"),
      Option(name: "--from", placeholder: "DSN", help: "The other program's database; it is only read."),
      Option(name: "--follow", placeholder: nil, help: "With --format mes: keep up until SIGTERM or SIGINT."),
      Option(
        name: "--account", placeholder: "NAME",
        help: "With --from: who owns what is recorded; by default New API's users, each for themselves."),
      Option(
        name: "--legacy-timezone", placeholder: "NAME",
        help: "With --from: of dates that say no time zone; by default that of days."),
      Option(name: "--resume", placeholder: nil, help: "Go on where the last import of this file stopped."),
      Option(name: "--errors", placeholder: "FILE", help: "Also write the lines that failed to this file, as JSON."),
    ],
    settings: storeSettings + ["DEFAULT_MODEL_PROVIDER", "DEFAULT_MODEL_ID"] + redactionSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    if let source = invocation.options["--from"] { return try await LegacyImport(invocation, session, source).run() }
    for option in ["--follow", "--account", "--legacy-timezone"] where invocation.has(option) {
      throw UsageError(description: "\(option) goes with --from DSN, not with a file")
    }
    let start = ContinuousClock.now
    let summary = try await ImportWork(invocation, session).run()
    let tenths = ((ContinuousClock.now - start) / .milliseconds(100)).rounded()
    Terminal.print("\(ImportWork.text(summary)) (\(tenths / 10) s)")
    return summary.failed == 0 ? 0 : 1
  }
}

/// One run of `verbatim import`: what it reads, and how it tells of it.
private struct ImportWork: Sendable {
  static let formats: String = ImportForm.formats.joined(separator: ", ")

  private let job: ImportJob
  private let progress: ProgressLine

  init(_ invocation: Invocation, _ session: Session) throws {
    var form = ImportForm()
    form.appID = invocation.options["--app"]
    form.userID = invocation.options["--user"]
    if let format = invocation.options["--format"], !form.setFormat(format) {
      throw UsageError(
        description: LegacyImport.formats.contains(format)
          ? "--format \(format) is of a database: give --from DSN"
          : "--format \(format) is not known; allowed: \(Self.formats), "
            + LegacyImport.formats.joined(separator: ", "))
    }
    guard let name = invocation.operands.first else { throw UsageError(description: "verbatim import needs FILE") }
    let resumes = invocation.has("--resume")
    let input = try InputFile(name)
    if resumes, !input.isResumable {
      let source = name == "-" ? "standard input" : name
      throw UsageError(description: "--resume needs a file; \(source) cannot be read again")
    }
    let errors = try invocation.options["--errors"].map { try BadLineFile($0, appends: resumes) }
    let progress = ProgressLine()
    self.progress = progress
    job = ImportJob(
      session, input, form: form, server: invocation.options["--server"], resumes: resumes,
      listeners: .init(
        onNotice: { Terminal.complain($0) },
        onBadLine: { line in
          progress.clear()
          Terminal.complain(line.number > 0 ? "line \(line.number): \(line.detail)" : line.detail)
          do {
            try errors?.add(line)
          } catch {
            Terminal.complain("\(error)")
          }
        },
        onProgress: { summary, bytes in
          let bar = input.size.map { progress.bar(bytes, of: $0) + " " } ?? ""
          progress.show(bar + Self.text(summary))
        }))
  }

  func run() async throws -> Importer.Summary {
    defer { progress.clear() }
    return try await job.run()
  }

  static func text(_ summary: Importer.Summary) -> String {
    let skipped = summary.skipped > 0 ? ", \(summary.skipped) done before" : ""
    return "\(summary.lines) \(summary.isForeign ? "exchanges" : "lines"): \(summary.stored) stored, "
      + "\(summary.duplicates) already there, \(summary.failed) failed\(skipped)"
  }
}
