import VerbatimServer

/// A mistake in what was typed, as one line.
struct UsageError: Error, CustomStringConvertible {
  let description: String
}

/// What was typed after a command's name.
struct Invocation: Sendable {
  var operands: [String] = []
  /// By name with dashes; a switch has the value "true".
  var options: [String: String] = [:]
  /// Settings by name of the environment variable.
  var settings: [String: String] = [:]
  var wantsHelp = false

  func has(_ option: String) -> Bool { options[option] != nil }
}

/// Reads arguments by the tables of a command's options and of the settings.
struct CommandLineParser {
  let command: Command

  func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
    var invocation = Invocation()
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        invocation.operands += rest
        break
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        invocation.operands.append(argument)
        continue
      }
      if argument == "--help" || argument == "-h" {
        invocation.wantsHelp = true
        return invocation
      }
      try parseOption(argument, &rest, into: &invocation)
    }
    try checkOperands(invocation.operands)
    return invocation
  }

  private func parseOption(
    _ argument: String, _ rest: inout ArraySlice<String>, into invocation: inout Invocation
  ) throws(UsageError) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts[0]
    let attached = parts.count > 1 ? parts[1] : nil
    if let option = command.options.first(where: { $0.name == name }) {
      if option.placeholder == nil, attached != nil { throw UsageError(description: "\(name) takes no value") }
      invocation.options[name] =
        try option.placeholder.map { placeholder throws(UsageError) in
          try value(of: name, placeholder, attached, &rest)
        } ?? "true"
    } else if command.takesSettings, let setting = Settings.forArgument(name) {
      let isBareSwitch = setting.placeholder == "SWITCH" && attached == nil && !startsWithSwitchWord(rest)
      invocation.settings[setting.name] =
        isBareSwitch ? "true" : try value(of: name, setting.placeholder, attached, &rest)
    } else {
      throw unknown(name)
    }
  }

  private func value(
    of name: String, _ placeholder: String, _ attached: String?, _ rest: inout ArraySlice<String>
  ) throws(UsageError) -> String {
    if let attached { return attached }
    guard let next = rest.first, !next.hasPrefix("--") else {
      throw UsageError(description: "\(name) needs a value: \(name) \(placeholder)")
    }
    rest.removeFirst()
    return next
  }

  private func startsWithSwitchWord(_ rest: ArraySlice<String>) -> Bool {
    guard let next = rest.first else { return false }
    return ["true", "false", "on", "off", "yes", "no", "1", "0"].contains(next.lowercased())
  }

  private func unknown(_ name: String) -> UsageError {
    let known =
      ["--help"] + command.options.map(\.name) + (command.takesSettings ? Settings.all.compactMap(\.argument) : [])
    let hint = Suggestion.nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
    return UsageError(description: "verbatim \(command.name) knows no \(name)\(hint)")
  }

  private func checkOperands(_ operands: [String]) throws(UsageError) {
    if operands.count > command.operands.count {
      throw UsageError(
        description: "verbatim \(command.name) cannot use the argument \(operands[command.operands.count])")
    }
    if operands.count < command.operands.count, !command.operands[operands.count].isOptional {
      throw UsageError(description: "verbatim \(command.name) needs \(command.operands[operands.count].name)")
    }
  }
}

/// Finds what somebody may have meant.
enum Suggestion {
  static func nearest(to typed: String, among known: [String]) -> String? {
    let ranked = known.map { (name: $0, distance: distance(Array(typed), Array($0))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, typed.count / 3) ? best.name : nil
  }

  /// Levenshtein's: insertions, deletions and replacements from one to the other.
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (position, other) in right.enumerated() {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[position + 1]
        row[position + 1] = min(replaced, row[position] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
