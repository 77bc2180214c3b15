import VerbatimServer

extension Command {
  static let stats = Command(
    "stats", "Say what was used: exchanges, tokens, price, errors and latencies, by day, model, app or user.",
    options: [
      Option(
        name: "--group-by", placeholder: "NAMES",
        help: "One or two of day, hour, model, app, user, channel, status; separated by a comma. [day]"),
      Option(name: "--from", placeholder: "DATE", help: "The first day, as 2025-01-15."),
      Option(name: "--to", placeholder: "DATE", help: "The last day."),
      Option(name: "--account", placeholder: "NAME", help: "One account. [all]"),
      Option(name: "--app", placeholder: "ID", help: "One app."),
      Option(name: "--user", placeholder: "ID", help: "One user."),
      Option(name: "--model", placeholder: "NAME", help: "One model."),
      Option(name: "--limit", placeholder: "COUNT", help: "The most lines. [1000]"),
      Option(name: "--active-users", placeholder: nil, help: "Count users, too."),
      Option(name: "--json", placeholder: nil, help: "As GET /api/v1/stats answers."),
    ],
    settings: storeSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let parameters = [
      ("group_by", "--group-by"), ("from", "--from"), ("to", "--to"), ("account_id", "--account"), ("app_id", "--app"),
      ("user_id", "--user"), ("model", "--model"), ("limit", "--limit"), ("active_users", "--active-users"),
    ].map { (name: $0.0, value: invocation.options[$0.1] ?? ($0.0 == "group_by" ? "day" : nil)) }
    let reporting = UsageReporting(session)
    if invocation.has("--json") {
      Terminal.print(try await reporting.json(parameters))
    } else {
      for line in try await reporting.table(parameters) { Terminal.print(line) }
    }
    return 0
  }
}
