import VerbatimServer

extension Command {
  static let importExchanges = Command(
    "import", "Record the exchanges of a file, each once, however often the file is imported.",
    operands: [
      Operand(name: "FILE", help: "One JSON object a line, as POST /api/chat/insert takes it; - reads standard input.")
    ],
    options: [
      Option(
        name: "--server", placeholder: "URL",
        help: "Send to this server; by default to the one that holds the database."),
      Option(name: "--format", placeholder: "NAME", help: "The file's format; only exchanges so far. [exchanges]"),
      Option(name: "--resume", placeholder: nil, help: "Go on where the last import of this file stopped."),
      Option(name: "--errors", placeholder: "FILE", help: "Also write the lines that failed to this file, as JSON."),
    ],
    settings: storeSettings + ["DEFAULT_MODEL_PROVIDER", "DEFAULT_MODEL_ID"]
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let start = ContinuousClock.now
    let summary = try await ImportWork(invocation, session).run()
    let tenths = ((ContinuousClock.now - start) / .milliseconds(100)).rounded()
    Terminal.print("\(ImportWork.text(summary)) (\(tenths / 10) s)")
    return summary.failed == 0 ? 0 : 1
  }
}

/// One run of `verbatim import`: what it reads, and how it tells of it.
private struct ImportWork: Sendable {
  private let job: ImportJob
  private let progress: ProgressLine

  init(_ invocation: Invocation, _ session: Session) throws {
    let format = invocation.options["--format"] ?? "exchanges"
    guard format == "exchanges" else {
      throw UsageError(description: "--format \(format) is not known; allowed: exchanges")
    }
    let name = invocation.operands[0]
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
      session, input, server: invocation.options["--server"], resumes: resumes,
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
    return "\(summary.lines) lines: \(summary.stored) stored, \(summary.duplicates) already there, "
      + "\(summary.failed) failed\(skipped)"
  }
}
