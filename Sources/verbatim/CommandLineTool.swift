import Glibc
import VerbatimServer

/// Finds the command, runs it, and turns what went wrong into one line and an exit code: 1 when the work failed, 2 when
/// what was typed or set is wrong.
enum CommandLineTool {
  static func run(_ arguments: [String]) async -> Int32 {
    guard let name = arguments.first else {
      Terminal.complain(Help.overview)
      return 2
    }
    switch name {
    case "--help", "-h", "help":
      return help(arguments.dropFirst().first)
    case "--version", "version":
      Terminal.print("verbatim \(Version.current)")
      return 0
    default:
      guard let command = Command.all.first(where: { $0.name == name }) else { return complainOfUnknown(name) }
      return await run(command, Array(arguments.dropFirst()))
    }
  }

  private static func run(_ command: Command, _ arguments: [String]) async -> Int32 {
    do {
      let invocation = try CommandLineParser(command: command).parse(arguments)
      if invocation.wantsHelp {
        Terminal.print(Help.text(of: command))
        return 0
      }
      return try await command.run(invocation)
    } catch let error as UsageError {
      Terminal.complain("\(error)\nverbatim \(command.name) --help tells what it knows.")
      return 2
    } catch let error as ConfigurationError {
      Terminal.complain("\(error)")
      return 2
    } catch {
      Terminal.complain("verbatim \(command.name): \(Failure.line(error))")
      return 1
    }
  }

  private static func help(_ name: String?) -> Int32 {
    guard let name else {
      Terminal.print(Help.overview)
      return 0
    }
    guard let command = Command.all.first(where: { $0.name == name }) else { return complainOfUnknown(name) }
    Terminal.print(Help.text(of: command))
    return 0
  }

  private static func complainOfUnknown(_ name: String) -> Int32 {
    let known = Command.all.map(\.name) + ["--help", "--version"]
    let hint = Suggestion.nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
    Terminal.complain("verbatim knows no command \(name)\(hint)\nverbatim --help lists them.")
    return 2
  }
}
