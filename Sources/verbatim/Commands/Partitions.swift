import VerbatimServer

extension Command {
  static let partitions = Command(
    "partitions", "List, make, drop and archive days, each by its date in the partition time zone.",
    operands: [Operand(name: "ACTION", help: "list, create, drop, archive or view.")],
    options: [
      Option(name: "--day", placeholder: "DATE", help: "A day as 2025-01-15; several are separated by commas."),
      Option(name: "--older-than", placeholder: "DAYS", help: "drop: days that are older, as 30d."),
      Option(
        name: "--days-ahead", placeholder: "COUNT", help: "create: today's tables and those of as many days after."),
      Option(name: "--days", placeholder: "COUNT", help: "view: how many days it shows, at most 400. [90]"),
      Option(name: "--file", placeholder: "FILE", help: "archive: a new file, which verbatim import reads back."),
      Option(name: "--to", placeholder: "DSN", help: "archive: another history, instead of a file."),
      Option(name: "--drop", placeholder: nil, help: "archive: drop the day when the archive was checked."),
      Option(name: "--dry-run", placeholder: nil, help: "drop: only say what would be dropped."),
      Option(name: "--yes", placeholder: nil, help: "drop, archive --drop: do it."),
    ],
    settings: storeSettings + ["PARTITION_TIMEZONE", "MES_DAILY_PARTITION"]
  ) { invocation in
    let session = try Session(arguments: invocation.settings)
    defer { session.output.flush() }
    let work = PartitionWork(invocation: invocation, tools: PartitionTools(session))
    defer { work.progress.clear() }
    switch invocation.operands[0] {
    case "list": try await work.list()
    case "create": try await work.create()
    case "drop": return try await work.drop()
    case "archive": try await work.archive()
    case "view": try await work.view()
    default: throw UsageError(description: "the action must be list, create, drop, archive or view")
    }
    return 0
  }
}

/// One run of `verbatim partitions`.
private struct PartitionWork {
  let invocation: Invocation
  let tools: PartitionTools
  let progress = ProgressLine()

  func list() async throws {
    for line in try await tools.list() { Terminal.print(line) }
  }

  func create() async throws {
    let ahead = try number("--days-ahead", 0...3_650) ?? 0
    let days = invocation.options["--day"]
    guard ahead > 0 || days != nil else { throw UsageError(description: "create needs --day or --days-ahead") }
    let made = try await tools.create(days, ahead: ahead)
    Terminal.print("There are tables for \(made.joined(separator: ", "))")
  }

  func drop() async throws -> Int32 {
    let age = try number("--older-than", 1...36_500)
    let named = invocation.options["--day"]
    guard age != nil || named != nil else { throw UsageError(description: "drop needs --day or --older-than") }
    let droppable = try await tools.droppable(named, olderThan: age)
    for line in droppable.lines { Terminal.print(line) }
    guard droppable.count > 0, !invocation.has("--dry-run") else {
      Terminal.print("\(droppable.count) days would be dropped")
      return 0
    }
    guard invocation.has("--yes") else {
      Terminal.complain("\(droppable.count) days would be dropped for ever; say --yes to do it")
      return 1
    }
    try await tools.drop(droppable) { [progress] in progress.show($0) }
    progress.clear()
    Terminal.print("\(droppable.count) days are dropped; their statistics stay")
    return 0
  }

  func archive() async throws {
    guard let day = invocation.options["--day"], !day.contains(",") else {
      throw UsageError(description: "archive needs --day DATE, one day at a time")
    }
    let drops = invocation.has("--drop")
    if drops, !invocation.has("--yes") { throw UsageError(description: "archive --drop needs --yes") }
    let show: PartitionTools.Progress = { [progress] in progress.show($0) }
    let (contents, place): (String, String) =
      switch (invocation.options["--file"], invocation.options["--to"]) {
      case (let file?, nil): (try await tools.archive(day, to: file, drops: drops, progress: show), file)
      case (nil, let dsn?):
        (try await tools.archive(day, into: dsn, drops: drops, progress: show), "the other history")
      default: throw UsageError(description: "archive needs --file or --to, one of them")
      }
    progress.clear()
    Terminal.print("\(day): \(contents), are in \(place) and checked" + (drops ? "; the day is dropped" : ""))
  }

  func view() async throws {
    let made = try await tools.view(days: try number("--days", 1...400) ?? 90)
    Terminal.print("\(made.name) shows \(made.tables) tables; make it anew when days are made or dropped")
  }

  private func number(_ option: String, _ range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = invocation.options[option] else { return nil }
    guard let number = Int(text.hasSuffix("d") ? String(text.dropLast()) : text), range.contains(number) else {
      throw UsageError(
        description: "\(option) \(text) must be a number of days from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
