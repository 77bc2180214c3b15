import VerbatimServer

extension Command {
  static let audit = Command(
    "audit", "Show who did what to which conversation, the newest first.",
    options: [
      Option(name: "--account", placeholder: "NAME", help: "Whose data. [everybody's]"),
      Option(name: "--actor", placeholder: "NAME", help: "The account that did it, or system."),
      Option(name: "--action", placeholder: "ACTION", help: "conversation.delete, for example."),
      Option(name: "--conversation", placeholder: "ID", help: "One conversation."),
      Option(name: "--from", placeholder: "TIME", help: "From a date or a time on, in ISO 8601."),
      Option(name: "--to", placeholder: "TIME", help: "Up to a date or a time, without it."),
      Option(name: "--limit", placeholder: "COUNT", help: "The most rows. [100]"),
    ],
    settings: storeSettings
  ) { invocation in
    guard let count = Int(invocation.options["--limit"] ?? "100"), (1...1_000_000).contains(count) else {
      throw UsageError(description: "--limit must be a whole number from 1 to 1000000")
    }
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let filters = [
      ("account_id", "--account"), ("actor", "--actor"), ("action", "--action"), ("conversation_id", "--conversation"),
      ("from", "--from"), ("to", "--to"),
    ].map { (name: $0.0, value: invocation.options[$0.1]) }
    for line in try await AuditAdministration(session).list(filters, atMost: count) { Terminal.print(line) }
    return 0
  }
}
