import VerbatimServer

/// One run of `verbatim import --from`: another program's database, once or for as long as it is written to.
struct LegacyImport: Sendable {
  static let formats = ["mes", "seed002", "seed003", "seed004"]

  private let session: Session
  private let source: LegacySource
  private let isFollowing: Bool
  private let progress = ProgressLine()

  init(_ invocation: Invocation, _ session: Session, _ dsn: String) throws {
    let format = invocation.options["--format"] ?? ""
    guard Self.formats.contains(format) else {
      throw UsageError(description: "--from needs --format with one of: \(Self.formats.joined(separator: ", "))")
    }
    guard invocation.operands.isEmpty else { throw UsageError(description: "--from DSN and FILE exclude each other") }
    isFollowing = invocation.has("--follow")
    guard !isFollowing || format == "mes" else {
      throw UsageError(description: "--follow needs --format mes, whose ids ascend with time")
    }
    self.session = session
    source = try LegacySource(
      dsn: dsn, format: format, account: invocation.options["--account"],
      timeZone: invocation.options["--legacy-timezone"])
  }

  func run() async throws -> Int32 {
    defer { progress.clear() }
    let progress = progress
    if isFollowing {
      let signals = Signals(onSecond: {})
      try await session.follow(source, untilStopped: { await signals.first() }) { progress.show($0) }
    } else {
      let rows = try await session.copy(source) { progress.show($0) }
      progress.clear()
      Terminal.print("\(rows) rows of \(source.name) are recorded")
    }
    return 0
  }
}
