import VerbatimServer

/// The texts of `--help`, from the tables.
enum Help {
  static var overview: String {
    """
    Verbatim keeps the conversations of applications and their models: durably, exactly, once.

    Usage: verbatim COMMAND [OPTIONS]

    Commands:
    \(table(Command.all.map { ($0.name, $0.summary) }))

    verbatim COMMAND --help   tells more of a command
    verbatim --version        prints the version

    """
  }

  static func text(of command: Command) -> String {
    let operands = command.operands.map { " " + $0.name }.joined()
    var text = "\(command.summary)\n\nUsage: verbatim \(command.name)\(operands) [OPTIONS]\n"
    if !command.operands.isEmpty {
      text += "\nArguments:\n" + table(command.operands.map { ($0.name, $0.help) }) + "\n"
    }
    let options = command.options.map { ($0.name + ($0.placeholder.map { " " + $0 } ?? ""), $0.help) }
    text += "\nOptions:\n" + table(options + [("--help", "Print this and end.")]) + "\n"
    let settings = command.settings.compactMap(Settings.named)
    if !settings.isEmpty {
      text += "\nSettings, each also as a variable of the environment or in the file .env:\n"
      text += table(settings.map(row)) + "\n"
    }
    return text
  }

  private static func row(_ setting: Setting) -> (String, String) {
    let argument = setting.argument.map { "\($0) \(setting.placeholder)" } ?? ""
    let standard = setting.standard.isEmpty ? "" : " [\(setting.standard)]"
    return (argument, "\(setting.name): \(setting.help)\(standard)")
  }

  private static func table(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { left, right in
      "  " + left + String(repeating: " ", count: width - left.count + 2) + right
    }.joined(separator: "\n")
  }
}
