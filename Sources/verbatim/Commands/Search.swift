import VerbatimServer

extension Command {
  static let search = Command(
    "search", "Find messages: words, \"phrases\", -what must not be there, beginnings*.",
    operands: [Operand(name: "QUERY", help: "What to look for, in one argument.")],
    options: [
      Option(name: "--account", placeholder: "NAME", help: "Whose messages; * for everybody's. [*]"),
      Option(name: "--app", placeholder: "ID", help: "Of conversations of one app."),
      Option(name: "--user", placeholder: "ID", help: "Of conversations of one user."),
      Option(name: "--role", placeholder: "ROLE", help: "user or assistant, for example."),
      Option(name: "--model", placeholder: "NAME", help: "Of exchanges with one model."),
      Option(name: "--from", placeholder: "TIME", help: "From a date or a time on, in ISO 8601."),
      Option(name: "--to", placeholder: "TIME", help: "Up to a date or a time, without it."),
      Option(name: "--sort", placeholder: "ORDER", help: "rank or time. [rank]"),
      Option(name: "--limit", placeholder: "COUNT", help: "The most messages. [20]"),
    ],
    settings: storeSettings + ["CONTENT_KEYS_FILE"]
  ) { invocation in
    guard let count = Int(invocation.options["--limit"] ?? "20"), (1...10_000).contains(count) else {
      throw UsageError(description: "--limit must be a whole number from 1 to 10000")
    }
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let filters = [
      ("app_id", "--app"), ("user_id", "--user"), ("role", "--role"), ("model", "--model"), ("from", "--from"),
      ("to", "--to"), ("sort", "--sort"),
    ].map { (name: $0.0, value: invocation.options[$0.1]) }
    let account = (name: "account_id", value: Optional(invocation.options["--account"] ?? "*"))
    let found = try await session.search(invocation.operands[0], [account] + filters, atMost: count)
    for message in found.messages {
      Terminal.print("\(message.createdAt)  \(message.conversation)  \(message.role)  \(message.snippet)")
    }
    if let reason = found.incompleteReason { Terminal.complain("Not everything was looked at: \(explanation(reason))") }
    return 0
  }

  private static func explanation(_ reason: String) -> String {
    switch reason {
    case "bound": "there is more than one search looks at; narrow it down by --from and --to, or add words"
    case "indexing": "not everything is in the index yet; verbatim serve and verbatim reindex build it"
    case "encrypted": "what is encrypted is not in the index"
    default: reason
    }
  }

  static let reindex = Command(
    "reindex", "Make the search index anew, while the old one goes on answering.",
    settings: storeSettings + ["CONTENT_KEYS_FILE"]
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let progress = ProgressLine()
    defer { progress.clear() }
    let status = try await session.reindex { status in
      let total = Int(max(status.rebuiltDays ?? status.days, status.remainingDays))
      progress.show(
        "\(progress.bar(total - Int(status.remainingDays), of: total)) \(status.remainingDays) of \(total) days to go")
    }
    progress.clear()
    Terminal.print(
      "\(session.configuration.historyDatabase.name): \(status.messages) messages of \(status.days) days in the index")
    return 0
  }
}
