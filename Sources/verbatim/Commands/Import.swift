import Glibc
import VerbatimModel
import VerbatimServer
import VerbatimStore

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
    let session = try Session(invocation)
    defer { session.output.flush() }
    let work = try ImportWork(invocation, session)
    let summary = try await work.run()
    Terminal.print(work.conclusion(summary))
    return summary.failed == 0 ? 0 : 1
  }
}

/// One run of `verbatim import`.
private struct ImportWork: Sendable {
  private let invocation: Invocation
  private let session: Session
  private let input: InputFile
  private let report: BadLineReport
  private let progress = ProgressLine()
  private let start = ContinuousClock.now

  init(_ invocation: Invocation, _ session: Session) throws {
    let format = invocation.options["--format"] ?? "exchanges"
    guard format == "exchanges" else {
      throw UsageError(description: "--format \(format) is not known; allowed: exchanges")
    }
    self.invocation = invocation
    self.session = session
    input = try InputFile(invocation.operands[0])
    report = try BadLineReport(file: invocation.options["--errors"], appends: invocation.has("--resume"))
    if invocation.has("--resume"), input.name == "-" {
      throw UsageError(description: "--resume needs a file; standard input cannot be read again")
    }
  }

  func run() async throws -> Importer.Summary {
    if let url = invocation.options["--server"] { return try await send(to: ServerDestination(url: url)) }
    let database = session.configuration.database
    try database.prepareFolder()
    do {
      let lock = try DatabaseLock(database: database.path, purpose: "import")
      defer { lock.release() }
      return try await write(into: database.path)
    } catch let holder as DatabaseLock.Holder {
      guard let url = holder.url else { throw holder }
      Terminal.complain("\(database.path) is \(holder): importing through it")
      return try await send(to: ServerDestination(url: url))
    }
  }

  private func write(into path: String) async throws -> Importer.Summary {
    let store = try await Store.open(session.storeConfiguration)
    do {
      let summary = try await send(to: StoreDestination(store: store, name: path))
      await store.close()
      return summary
    } catch {
      await store.close()
      throw error
    }
  }

  private func send(to destination: some ImportDestination) async throws -> Importer.Summary {
    let position =
      try invocation.has("--resume") ? ImportPosition.read(besides: input.name, for: destination.name) : nil
    let importer = Importer(
      to: destination, defaults: session.configuration.ingestDefaults, after: position,
      onBadLine: { [report, progress] line in
        progress.clear()
        report.add(line)
      },
      onProgress: { [progress, input] summary, bytes in
        progress.show(Self.progressText(summary, bytes, input.size, progress))
      },
      onPosition: { [input] position in
        if input.name != "-" { try position.write(besides: input.name) }
      })
    do {
      let summary = try await importer.run(input)
      progress.clear()
      if input.name != "-" { ImportPosition.remove(besides: input.name) }
      return summary
    } catch {
      progress.clear()
      throw error
    }
  }

  private static func progressText(
    _ summary: Importer.Summary, _ bytes: Int, _ size: Int?, _ progress: ProgressLine
  ) -> String {
    let bar = size.map { progress.bar(bytes, of: $0) + " " } ?? ""
    return "\(bar)\(summary.lines) lines: \(counts(summary))"
  }

  private static func counts(_ summary: Importer.Summary) -> String {
    let skipped = summary.skipped > 0 ? ", \(summary.skipped) done before" : ""
    return "\(summary.stored) stored, \(summary.duplicates) already there, \(summary.failed) failed\(skipped)"
  }

  func conclusion(_ summary: Importer.Summary) -> String {
    let tenths = (ContinuousClock.now - start) / .milliseconds(100)
    return "\(summary.lines) lines: \(Self.counts(summary)) (\((tenths.rounded() / 10)) s)"
  }
}

/// Tells of lines that were not recorded: on standard error, and in a file where one is named.
private final class BadLineReport: Sendable {
  private let descriptor: Int32?

  init(file: String?, appends: Bool) throws {
    descriptor = try file.map { path in
      let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (appends ? O_APPEND : O_TRUNC), 0o644)
      guard file >= 0 else { throw UsageError(description: "--errors \(path): \(String(cString: strerror(errno)))") }
      return file
    }
  }

  deinit { if let descriptor { close(descriptor) } }

  func add(_ line: Importer.BadLine) {
    Terminal.complain(line.number > 0 ? "line \(line.number): \(line.detail)" : line.detail)
    guard let descriptor else { return }
    var json = JSONWriter()
    json.beginObject()
    json.key("line")
    json.integer(line.number)
    json.key("error")
    json.string(line.code)
    json.key("detail")
    json.string(line.detail)
    json.endObject()
    json.endLine()
    if write(descriptor, json.bytes, json.bytes.count) != json.bytes.count {
      Terminal.complain("the file of --errors cannot be written: \(String(cString: strerror(errno)))")
    }
  }
}
