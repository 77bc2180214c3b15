import VerbatimServer

extension Command {
  static let accounts = Command(
    "accounts", "List, make, disable and enable accounts, and say which of them administer.",
    operands: [
      Operand(name: "ACTION", help: "list, create, disable, enable or set-role."),
      Operand(name: "NAME", help: "The account.", isOptional: true),
      Operand(name: "ROLE", help: "set-role: admin or user.", isOptional: true),
    ],
    options: [Option(name: "--role", placeholder: "ROLE", help: "create: admin or user. [user]")],
    settings: storeSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let operands = invocation.operands
    guard operands.count == (["list": 1, "set-role": 3][operands[0]] ?? 2) else {
      throw UsageError(description: "verbatim accounts \(operands[0]) needs other arguments: see --help")
    }
    let administration = AccountAdministration(session)
    switch operands[0] {
    case "list": for line in try await administration.list() { Terminal.print(line) }
    case "create": Terminal.print(try await administration.create(operands[1], role: invocation.options["--role"]))
    case "disable": Terminal.print(try await administration.change(operands[1], status: "disabled"))
    case "enable": Terminal.print(try await administration.change(operands[1], status: "active"))
    case "set-role": Terminal.print(try await administration.change(operands[1], role: operands[2]))
    default: throw UsageError(description: "the action must be list, create, disable, enable or set-role")
    }
    return 0
  }
}
