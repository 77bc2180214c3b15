import Glibc
import VerbatimServer
import VerbatimStore

extension Command {
  static let backup = Command(
    "backup", "Copy the database as it is now to a new file, also while a server runs, and check the copy.",
    operands: [Operand(name: "FILE", help: "The new file; it must not exist.")], settings: storeSettings
  ) { invocation in
    let session = try Session(invocation)
    defer { session.output.flush() }
    let file = invocation.operands[0]
    let store = try await session.openForReading()
    let progress = ProgressLine()
    do {
      try await store.backup(to: file) { done, total in progress.show(pages: done, of: total) }
    } catch {
      await store.close()
      progress.clear()
      throw error
    }
    await store.close()
    progress.clear()
    try await BackupFile(path: file, configuration: session.storeConfiguration).check()
    Terminal.print("\(session.configuration.database.path) is copied to \(file) and checked")
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
    let session = try Session(invocation)
    defer { session.output.flush() }
    let database = session.configuration.database
    try database.prepareFolder()
    let lock = try DatabaseLock(database: database.path, purpose: "restore")
    defer { lock.release() }
    let progress = ProgressLine()
    let restore = Restore(
      backup: BackupFile(path: invocation.operands[0], configuration: session.storeConfiguration),
      database: database.path, isForced: invocation.has("--force"), stamp: Restore.stamp())
    let old = try await restore.run { done, total in progress.show(pages: done, of: total) }
    progress.clear()
    if let old { Terminal.print("The old database is kept as \(old)") }
    Terminal.print("\(database.path) is restored from \(invocation.operands[0])")
    return 0
  }
}
