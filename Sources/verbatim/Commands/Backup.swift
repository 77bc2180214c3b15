import VerbatimServer

extension Command {
  static let backup = Command(
    "backup", "Copy the database as it is now to a new file, also while a server runs, and check the copy.",
    operands: [Operand(name: "FILE", help: "The new file; it must not exist.")], settings: storeSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let progress = ProgressLine()
    defer { progress.clear() }
    let file = invocation.operands[0]
    try await session.backup(to: file) { done, total in progress.show(pages: done, of: total) }
    progress.clear()
    Terminal.print("\(session.configuration.historyDatabase.name) is copied to \(file) and checked")
    return 0
  }

  static let restore = Command(
    "restore", "Check a backup and put it in the database's place.",
    operands: [Operand(name: "FILE", help: "What `verbatim backup` made.")],
    options: [
      Option(name: "--force", placeholder: nil, help: "Replace an existing database; the old file is kept beside it.")
    ],
    settings: storeSettings
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let progress = ProgressLine()
    defer { progress.clear() }
    let file = invocation.operands[0]
    let old = try await session.restore(from: file, isForced: invocation.has("--force")) { done, total in
      progress.show(pages: done, of: total)
    }
    progress.clear()
    if let old {
      if let damage = old.damage {
        Terminal.complain("The old database could not be opened, so what it had in its log stays there: \(damage)")
      }
      Terminal.print("The old database is kept as \(old.paths.joined(separator: ", "))")
    }
    Terminal.print("\(session.configuration.historyDatabase.name) is restored from \(file)")
    return 0
  }
}
