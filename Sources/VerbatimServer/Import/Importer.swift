import VerbatimModel

/// Records the lines of a file: one group is sent while the next is read, in the order of the file.
///
/// Every line has a key, its own `client_message_id` or one that is made of what it says, so that importing again, also
/// after a crash in the middle, records nothing twice.
package struct Importer: Sendable {
  package struct Summary: Sendable, Equatable {
    package var lines = 0
    package var stored = 0
    package var duplicates = 0
    package var failed = 0
    /// Lines that an earlier run had dealt with.
    package var skipped = 0
    /// Whether they are exchanges of another program's, of which a line may hold several.
    package var isForeign = false
  }

  /// A line that was not recorded.
  package struct BadLine: Sendable, Equatable {
    package let number: Int
    package let code: String
    package let detail: String
  }

  private let destination: any ImportDestination
  private let form: ImportForm
  private let defaults: IngestDefaults
  private let start: ImportPosition?
  private let onBadLine: @Sendable (BadLine) -> Void
  private let onProgress: @Sendable (Summary, _ bytesRead: Int) -> Void
  private let onPosition: @Sendable (ImportPosition) -> Void
  private static let groupCount = 500
  private static let groupSize = 8 << 20
  private static let lineLimit = 32 << 20

  package init(
    to destination: any ImportDestination, form: ImportForm = ImportForm(), defaults: IngestDefaults,
    after start: ImportPosition? = nil,
    onBadLine: @escaping @Sendable (BadLine) -> Void,
    onProgress: @escaping @Sendable (Summary, _ bytesRead: Int) -> Void = { _, _ in },
    onPosition: @escaping @Sendable (ImportPosition) -> Void = { _ in }
  ) {
    self.destination = destination
    self.form = form
    self.defaults = defaults
    self.start = start
    self.onBadLine = onBadLine
    self.onProgress = onProgress
    self.onPosition = onPosition
  }

  package func run(_ input: InputFile) async throws -> Summary {
    var reader = ImportReader(
      input, form: form, defaults: defaults, lineLimit: Self.lineLimit, skipping: start?.lines ?? 0,
      skippedDigest: start?.digest)
    var summary = Summary()
    try await withThrowingTaskGroup(of: (ImportGroup, [ImportResult]).self) { tasks in
      var isSending = false
      while let group = try await reader.nextGroup(count: Self.groupCount, size: Self.groupSize) {
        summary.isForeign = reader.isForeign
        if isSending, let (sent, results) = try await tasks.next() { finish(sent, results, &summary) }
        tasks.addTask { (group, try await record(group.lines)) }
        isSending = true
      }
      if let (sent, results) = try await tasks.next() { finish(sent, results, &summary) }
    }
    return summary
  }

  private func record(_ lines: [ImportLine]) async throws -> [ImportResult] {
    var results: [ImportResult] = []
    for start in stride(from: 0, to: lines.count, by: Self.groupCount) {
      results += try await destination.record(Array(lines[start..<min(start + Self.groupCount, lines.count)]))
    }
    return results
  }

  private func finish(_ group: ImportGroup, _ results: [ImportResult], _ summary: inout Summary) {
    var bad = group.bad
    for (line, result) in zip(group.lines, results) {
      switch result {
      case .stored: summary.stored += 1
      case .duplicate: summary.duplicates += 1
      case .failed(let code, let detail): bad.append(BadLine(number: line.number, code: code, detail: detail))
      }
    }
    for line in bad.sorted(by: { $0.number < $1.number }) { onBadLine(line) }
    summary.failed += bad.count
    summary.skipped += group.skipped
    summary.lines += group.lines.count + group.bad.count + group.skipped
    onProgress(summary, group.bytesRead)
    if let position = group.position {
      onPosition(ImportPosition(lines: position.line, digest: position.digest, destination: destination.name))
    }
  }
}

/// Lines that are sent together, with what was found beside them.
struct ImportGroup: Sendable {
  var lines: [ImportLine] = []
  var bad: [Importer.BadLine] = []
  var skipped = 0
  var size = 0
  /// Of the file, so far.
  var bytesRead = 0
  /// The last line of the group, and its digest.
  var position: (line: Int, digest: String)?

  var count: Int { lines.count + bad.count }
}
