import VerbatimServer

extension Command {
  static let keys = Command(
    "keys", "Make, list, change, revoke and rotate API keys; a key is shown when it is made and never again.",
    operands: [
      Operand(name: "ACTION", help: "create, list, change, revoke or rotate."),
      Operand(
        name: "KEY", help: "change, revoke, rotate: the key's id, or how it begins (vb-1a2B3c4D).", isOptional: true),
    ],
    options: [
      Option(name: "--name", placeholder: "NAME", help: "create, change: what the key is for."),
      Option(name: "--account", placeholder: "NAME", help: "create: whose key it is; list: whose keys. [default]"),
      Option(
        name: "--make-account", placeholder: nil,
        help: "create: the account, too, where it is new; an administrator's with the scope admin."),
      Option(
        name: "--scopes", placeholder: "LIST",
        help: "create: some of admin, ingest, read, chat, act-for-users. [ingest,read,chat]"),
      Option(name: "--app", placeholder: "ID", help: "create: the only app it is good for."),
      Option(name: "--user", placeholder: "ID", help: "create: the only user it is good for."),
      Option(name: "--expires", placeholder: "TIME", help: "create: a date, a time, or from now on as 90d or 12h."),
      Option(
        name: "--rate", placeholder: "COUNT",
        help: "create, change: its requests a minute, 0 for no limit, default for the server's."),
      Option(
        name: "--burst", placeholder: "COUNT", help: "create, change: its requests at once, default for the server's."),
      Option(name: "--overlap", placeholder: "TIME", help: "rotate: how long the old key stays good, as 10m. [0]"),
      Option(name: "--all", placeholder: nil, help: "list: revoked and expired keys, too."),
    ],
    settings: storeSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let administration = KeyAdministration(session)
    switch invocation.operands[0] {
    case "create": try await show(administration.create(try wish(invocation)))
    case "list":
      let account = invocation.options["--account"]
      for line in try await administration.list(account: account, includesDead: invocation.has("--all")) {
        Terminal.print(line)
      }
    case "change":
      let (name, rate) = (invocation.options["--name"], rate(invocation))
      guard name != nil || !rate.isEmpty else {
        throw UsageError(description: "change needs --name, --rate or --burst")
      }
      Terminal.print(try await administration.change(try key(invocation), name: name, rate: rate))
    case "revoke": Terminal.print(try await administration.revoke(try key(invocation)))
    case "rotate":
      try await show(administration.rotate(try key(invocation), overlap: invocation.options["--overlap"]))
    default: throw UsageError(description: "the action must be create, list, change, revoke or rotate")
    }
    return 0
  }

  private static func wish(_ invocation: Invocation) throws -> KeyAdministration.Wish {
    guard let name = invocation.options["--name"] else { throw UsageError(description: "create needs --name") }
    var wish = KeyAdministration.Wish(name: name)
    wish.account = invocation.options["--account"]
    wish.makesAccount = invocation.has("--make-account")
    wish.scopes = invocation.options["--scopes"]
    wish.app = invocation.options["--app"]
    wish.user = invocation.options["--user"]
    wish.expires = invocation.options["--expires"]
    wish.rate = rate(invocation)
    return wish
  }

  private static func rate(_ invocation: Invocation) -> KeyAdministration.Rate {
    KeyAdministration.Rate(perMinute: invocation.options["--rate"], burst: invocation.options["--burst"])
  }

  private static func key(_ invocation: Invocation) throws -> String {
    guard invocation.operands.count == 2 else {
      throw UsageError(description: "verbatim keys \(invocation.operands[0]) needs KEY")
    }
    return invocation.operands[1]
  }

  /// The key alone on standard output, so that a script can take it.
  private static func show(_ made: KeyAdministration.Made) {
    Terminal.complain("\(made.description); keep it now, it is not shown again:")
    Terminal.print(made.key)
  }
}
