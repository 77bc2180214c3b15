import VerbatimServer

extension Command {
  static let export = Command(
    "export", "Write what was recorded to a file, all of it or a part, while the server goes on.",
    operands: [
      Operand(name: "FILE", help: "The file to make; - writes to standard output.")
    ],
    options: [
      Option(
        name: "--format", placeholder: "NAME",
        help: "ndjson (which import takes), json, csv, markdown, or openai for fine-tuning. [ndjson]"),
      Option(name: "--conversation", placeholder: "ID", help: "One conversation."),
      Option(name: "--start-date", placeholder: "DATE", help: "From this day on, in the partition time zone."),
      Option(name: "--end-date", placeholder: "DATE", help: "Up to and with this day."),
      Option(name: "--app", placeholder: "ID", help: "Exchanges of one app."),
      Option(name: "--user", placeholder: "ID", help: "Exchanges of one user."),
      Option(name: "--model", placeholder: "NAME", help: "Exchanges with one model."),
      Option(name: "--status", placeholder: "STATUS", help: "normal, error or unanswered."),
      Option(name: "--since", placeholder: "CURSOR", help: "Only what was recorded after an earlier export."),
      Option(name: "--bom", placeholder: nil, help: "Begin CSV with a byte order mark, for Excel."),
      Option(name: "--account", placeholder: "NAME", help: "Whose; * for everybody's. [default]"),
      Option(
        name: "--server", placeholder: "URL",
        help: "Fetch from this server; by default from the one that holds the database."),
    ],
    settings: storeSettings + ["CONTENT_KEYS_FILE"]
  ) { invocation in
    guard let name = invocation.operands.first else { throw UsageError(description: "verbatim export needs FILE") }
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let start = ContinuousClock.now
    let progress = ProgressLine()
    let format = invocation.options["--format"] ?? "ndjson"
    let query = exportQuery(invocation, format: format)
    let done = try await session.export(
      conversation: invocation.options["--conversation"], query: query, from: invocation.options["--server"],
      to: try ExportFile(name == "-" ? nil : name)
    ) { soFar in
      let bar = format == "ndjson" ? soFar.estimate.map { progress.bar(soFar.lines, of: $0) + " " } ?? "" : ""
      progress.show("\(bar)\(soFar.bytes >> 20) MB")
    }
    progress.clear()
    let tenths = ((ContinuousClock.now - start) / .milliseconds(100)).rounded()
    // Standard output may be the export.
    Terminal.complain("\(done.bytes) bytes; go on with --since \(done.cursor) (\(tenths / 10) s)")
    return 0
  }

  private static func exportQuery(_ invocation: Invocation, format: String) -> [(name: String, value: String?)] {
    let options = [
      ("start_date", "--start-date"), ("end_date", "--end-date"), ("app_id", "--app"), ("user_id", "--user"),
      ("model", "--model"), ("status", "--status"), ("since", "--since"),
    ].map { (name: $0.0, value: invocation.options[$0.1]) }
    let account = invocation.options["--account"] ?? (invocation.options["--server"] == nil ? "default" : nil)
    return options + [
      (name: "format", value: format), (name: "bom", value: invocation.has("--bom") ? "1" : nil),
      (name: "account_id", value: account),
    ]
  }
}
