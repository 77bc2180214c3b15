import Glibc
import VerbatimServer

extension Command {
  static let channels = Command(
    "channels", "Make, list, change, delete and test the upstreams that calls to models go to.",
    operands: [
      Operand(name: "ACTION", help: "create, list, update, delete or test."),
      Operand(name: "CHANNEL", help: "create: its name; update, delete, test: its name or id.", isOptional: true),
    ],
    options: [
      Option(name: "--base-url", placeholder: "URL", help: "Where it is: https://api.openai.com/v1."),
      Option(
        name: "--key-variable", placeholder: "NAME",
        help: "The variable of the environment that holds its key, so that no list of processes shows it. [CHANNEL_KEY]"
      ),
      Option(
        name: "--models", placeholder: "LIST", help: "gpt-4o,fast=gpt-4o-mini: names, and what it calls them; * is any."
      ),
      Option(name: "--dialect", placeholder: "NAME", help: "openai, anthropic or azure. [openai]"),
      Option(name: "--priority", placeholder: "NUMBER", help: "Higher ones are tried first. [0]"),
      Option(
        name: "--weight", placeholder: "NUMBER", help: "How often it comes first among those of its priority. [1]"),
      Option(name: "--header", placeholder: "NAME:VALUE", help: "A header field to send; several lines for several."),
      Option(name: "--connect-timeout", placeholder: "SECONDS", help: "[10]"),
      Option(name: "--first-byte-timeout", placeholder: "SECONDS", help: "[300]"),
      Option(name: "--idle-timeout", placeholder: "SECONDS", help: "Between two parts of an answer. [120]"),
      Option(name: "--http-version", placeholder: "VERSION", help: "1.1 or 2. [1.1]"),
      Option(
        name: "--include-usage", placeholder: "WHEN",
        help: "Whether streams are asked for their usage: auto, on or off. [auto]"),
      Option(name: "--status", placeholder: "STATUS", help: "update: enabled or disabled."),
    ],
    settings: storeSettings + ["SECRET_KEY"]
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let administration = ChannelAdministration(session)
    switch invocation.operands[0] {
    case "create": Terminal.print(try await administration.create(try channel(invocation), try wish(invocation)))
    case "list": for line in try await administration.list() { Terminal.print(line) }
    case "update": Terminal.print(try await administration.update(try channel(invocation), try wish(invocation)))
    case "delete": Terminal.print(try await administration.delete(try channel(invocation)))
    case "test":
      let (isGood, line) = try await administration.test(try channel(invocation))
      Terminal.print(line)
      return isGood ? 0 : 1
    default: throw UsageError(description: "the action must be create, list, update, delete or test")
    }
    return 0
  }

  private static func channel(_ invocation: Invocation) throws -> String {
    guard invocation.operands.count == 2 else {
      throw UsageError(description: "verbatim channels \(invocation.operands[0]) needs CHANNEL")
    }
    return invocation.operands[1]
  }

  private static func wish(_ invocation: Invocation) throws -> ChannelAdministration.Wish {
    var wish = ChannelAdministration.Wish()
    for (option, field) in [
      ("--base-url", "base_url"), ("--dialect", "dialect"), ("--http-version", "http_version"),
      ("--include-usage", "include_usage"), ("--status", "status"),
    ] {
      wish.texts[field] = invocation.options[option]
    }
    wish.texts["key"] = try key(invocation)
    for (option, field) in [
      ("--priority", "priority"), ("--weight", "weight"), ("--connect-timeout", "connect_timeout"),
      ("--first-byte-timeout", "first_byte_timeout"), ("--idle-timeout", "idle_timeout"),
    ] {
      guard let text = invocation.options[option] else { continue }
      guard let number = Int64(text) else { throw UsageError(description: "\(option) must be a whole number") }
      wish.numbers[field] = number
    }
    wish.models = invocation.options["--models"]
    wish.headers = invocation.options["--header"]
    return wish
  }

  /// nil where no variable holds one.
  private static func key(_ invocation: Invocation) throws -> String? {
    let name = invocation.options["--key-variable"]
    if let value = getenv(name ?? "CHANNEL_KEY") { return String(cString: value) }
    guard let name else { return nil }
    throw UsageError(description: "the variable \(name) is not set")
  }
}
