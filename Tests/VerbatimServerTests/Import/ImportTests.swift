import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ImportTests {
  /// The fields that reading gives back under the name that they came in by.
  private static let comparedFields = [
    "app_id", "user_id", "query", "answer", "model_provider", "model_id", "client_message_id", "inputs", "metadata",
  ]

  @Test func `460 exchanges imported twice are there once, each equal to its source`() async throws {
    try await SpawnedServer.with { server in
      let file = Fixtures.path("exchanges.ndjson")
      let first = try await SpawnedCommand.run(["import", file, "--server", server.url], in: server.folder)
      #expect(first.code == 0, "\(first.errors)")
      #expect(first.output.hasPrefix("460 lines: 460 stored, 0 already there, 0 failed"))
      // Without --server it goes by the lock to the server that holds the database.
      let second = try await SpawnedCommand.run(["import", file, "--database", server.database], in: server.folder)
      #expect(second.code == 0, "\(second.errors)")
      #expect(second.output.hasPrefix("460 lines: 0 stored, 460 already there, 0 failed"))
      try await compareAll(of: file, on: server.url)
    }
  }

  /// Repeats every line as an insert of its own, which answers with its first ids, and reads those.
  private func compareAll(of file: String, on url: String) async throws {
    let client = HTTPClient()
    for line in try Fixtures.text(atPath: file).split(separator: "\n") {
      let sent = try JSONSlice(checking: Bytes(utf8: String(line)))
      guard let conversation = try await conversation(of: sent, line: String(line), on: url, client) else { continue }
      let page = try await client.send("GET", "\(url)/api/chat/\(conversation)/messages?limit=100")
      let data = try JSONSlice(checking: page.body[...])["data"].map { Array($0.elements) } ?? []
      let stored = data.first { isSameJSON($0["query"], sent["query"]) && isSameJSON($0["answer"], sent["answer"]) }
      let found = try #require(stored)
      for field in Self.comparedFields where sent[field] != nil {
        #expect(isSameJSON(found[field], sent[field]), "\(field) of \(line.prefix(80))")
      }
    }
  }

  private func conversation(
    of sent: JSONSlice, line: String, on url: String, _ client: HTTPClient
  ) async throws -> String? {
    if let given = sent.string("conversation_id") { return given }
    guard sent["client_message_id"] != nil else { return nil }
    let answer = try await client.send(
      "POST", url + "/api/chat/insert", fields: ["Content-Type": "application/json"], body: Array(line.utf8))
    let receipt = try JSONSlice(checking: answer.body[...])
    #expect(receipt["duplicate"]?.boolean == true)
    return receipt.string("conversation_id")
  }

  @Test func `lines without a key are told apart by what they say and how often`() async throws {
    let folder = try TemporaryFolder()
    let line = Bodies.exchange("same")
    let failed = Bodies.exchange("f", answer: "x").replacingOccurrences(
      of: #""answer":"x""#, with: #""error":{"code":500,"message":"no"},"client_message_id":"m""#)
    try folder.write([line, line, Bodies.exchange("other"), failed].joined(separator: "\n"), to: "a.ndjson")
    let first = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    #expect(first.output.hasPrefix("4 lines: 4 stored"), "\(first.errors)")
    let second = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    #expect(second.output.hasPrefix("4 lines: 0 stored, 4 already there"))
    let verified = try await SpawnedCommand.run(["verify", "--database", "a.db"], in: folder)
    #expect(verified.code == 0, "\(verified.output)")
  }

  @Test func `an export that comes back to its own database adds nothing`() async throws {
    let folder = try TemporaryFolder()
    let failed = Bodies.exchange("f", answer: "x").replacingOccurrences(
      of: #""answer":"x""#, with: #""error":{"code":500,"message":"no"}"#)
    let keyed = Bodies.exchange("keyed", #""client_message_id":"k""#)
    try folder.write([Bodies.exchange("plain"), keyed, failed].joined(separator: "\n"), to: "a.ndjson")
    func verbatim(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(arguments + ["--database", "a.db"], in: folder)
    }
    _ = try await verbatim("import", "a.ndjson")
    let exported = try await verbatim("export", "all.ndjson", "--format", "ndjson")
    #expect(exported.code == 0, "\(exported.errors)")
    let again = try await verbatim("import", "all.ndjson")
    #expect(again.output.hasPrefix("3 lines: 0 stored, 3 already there, 0 failed"), "\(again)")
    let elsewhere = try await SpawnedCommand.run(["import", "all.ndjson", "--database", "b.db"], in: folder)
    #expect(elsewhere.output.hasPrefix("3 lines: 3 stored"), "\(elsewhere)")
  }

  @Test func `what was exported of several accounts does not become one's`() async throws {
    let folder = try TemporaryFolder()
    let lines = ["a", "b", "a"].map { Bodies.exchange($0, #""exported":{"account_id":"\#($0)"}"#) }
    let outcome = try await SpawnedCommand.run(
      ["import", "-", "--database", "a.db"], in: folder, input: lines.joined(separator: "\n"))
    #expect(outcome.code == 1 && outcome.output.hasPrefix("3 lines: 2 stored, 0 already there, 1 failed"))
    #expect(outcome.errors.contains("line 2: exported.account_id names another account than the first line"))
  }

  @Test func `bad lines are told and the rest goes in`() async throws {
    let folder = try TemporaryFolder()
    let lines = "\(Bodies.exchange("1"))\n{\"app_id\":\"a\"}\n\nbroken\n\(Bodies.exchange("2"))\n"
    let outcome = try await SpawnedCommand.run(
      ["import", "-", "--database", "a.db", "--errors", "errors.ndjson"], in: folder, input: lines)
    #expect(outcome.code == 1)
    #expect(outcome.output.hasPrefix("4 lines: 2 stored, 0 already there, 2 failed"))
    #expect(outcome.errors.contains("line 2: user_id is required"))
    #expect(outcome.errors.contains("line 4: "))
    let errors = try folder.text(of: "errors.ndjson").split(separator: "\n")
      .map { try JSONSlice(checking: Bytes(utf8: String($0))) }
    #expect(errors.map { $0["line"]?.integer } == [2, 4])
    #expect(errors.map { $0.string("error") } == ["invalid_value", "invalid_json"])
  }

  @Test func `a missing file and an unreachable server end with a line`() async throws {
    let folder = try TemporaryFolder()
    let missing = try await SpawnedCommand.run(["import", "none.ndjson"], in: folder)
    #expect(missing.code == 1)
    #expect(missing.errors.contains("none.ndjson"))
  }

  @Test func `a server that is away is asked again until it is there`() async throws {
    try await TestAPI.with(.socket) { api in
      let pauses = LogLines()
      let destination = ServerDestination(url: api.url) { duration in pauses.log.info("\(duration)") }
      let unreachable = ServerDestination(url: "http://127.0.0.1:1") { duration in pauses.log.info("\(duration)") }
      let exchange = try ExchangeBody.parse(
        Bytes(utf8: Bodies.exchange()), kind: .insert, defaults: IngestDefaults())
      let line = ImportLine(number: 1, exchange: exchange, json: Bytes(utf8: Bodies.exchange()))
      #expect(try await destination.record([line]) == [.stored])
      #expect(pauses.all.isEmpty)
      await #expect(throws: ImportError.self) { try await unreachable.record([line]) }
      #expect(pauses.all.count == 11)
    }
  }

  @Test func `an import goes on where it stopped`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.ndjson")
    let lines = (0..<1200).map { Bodies.exchange("q\($0)", answer: "a", "\"conversation_id\":\"c\"") }
    try folder.write(lines.joined(separator: "\n"), to: "a.ndjson")
    let failing = FailingDestination(after: 1)
    await #expect(throws: ImportError.self) {
      try await importer(to: failing, path: path, after: nil).run(InputFile(path))
    }
    let keeper = PositionKeeper(besides: path, onNotice: { _ in })
    let position = try #require(try keeper.position(for: "test"))
    #expect(position.lines == 500)
    let rest = FailingDestination(after: .max)
    let summary = try await importer(to: rest, path: path, after: position).run(InputFile(path))
    #expect(summary == .init(lines: 1200, stored: 700, duplicates: 0, failed: 0, skipped: 500))
    #expect(throws: ImportError.self) { try keeper.position(for: "elsewhere") }
    try folder.write(lines.reversed().joined(separator: "\n"), to: "a.ndjson")
    await #expect(throws: ImportError.self) {
      try await importer(to: rest, path: path, after: position).run(InputFile(path))
    }
  }

  @Test func `lines are sent together up to a size, and a larger one alone`() async throws {
    let folder = try TemporaryFolder()
    let sizes = [5, 2, 2, 12, 1, 7, 7, 7]
    let lines = sizes.map { Bodies.exchange("q", answer: String(repeating: "x", count: $0 << 20)) }
    try folder.write(lines.joined(separator: "\n"), to: "a.ndjson")
    let destination = FailingDestination(after: .max)
    let importer = Importer(to: destination, defaults: IngestDefaults(), onBadLine: { _ in })
    let summary = try await importer.run(InputFile(folder.path("a.ndjson")))
    #expect(summary.stored == sizes.count)
    #expect(await destination.groups == [[1, 2], [3], [4], [5], [6], [7], [8]])
  }

  @Test func `a server that takes less gets less at once, and too long a line alone fails`() async throws {
    try await SpawnedServer.with(arguments: ["--body-limit-mb", "1"]) { server in
      let sizes = Array(repeating: 100 << 10, count: 20) + [2 << 20] + Array(repeating: 100 << 10, count: 20)
      let lines = sizes.enumerated().map { Bodies.exchange("q\($0)", answer: String(repeating: "x", count: $1)) }
      try server.folder.write(lines.joined(separator: "\n"), to: "a.ndjson")
      let outcome = try await SpawnedCommand.run(
        ["import", "a.ndjson", "--server", server.url, "--errors", "errors.ndjson"], in: server.folder)
      #expect(outcome.code == 1)
      #expect(outcome.output.hasPrefix("41 lines: 40 stored, 0 already there, 1 failed"), "\(outcome.errors)")
      let error = try JSONSlice(checking: Bytes(utf8: server.folder.text(of: "errors.ndjson").dropLast().description))
      #expect(error["line"]?.integer == 21)
      #expect(error.string("error") == "body_too_large")
    }
  }

  @Test func `a pipe with a name is imported, and keeps no position`() async throws {
    let folder = try TemporaryFolder()
    try folder.write((0..<1200).map { Bodies.exchange("q\($0)") }.joined(separator: "\n"), to: "a.ndjson")
    let script = "'\(try SpawnedProcess.binary().path)' import <(cat a.ndjson) --database a.db"
    for more in ["", " --resume"] {
      let outcome = try await SpawnedCommand.run(["-c", script + more], executable: "/bin/bash", in: folder)
      #expect(outcome.code == (more.isEmpty ? 0 : 2), "\(outcome.errors)")
      #expect(more.isEmpty ? outcome.output.hasPrefix("1200 lines: 1200 stored") : outcome.errors.contains("--resume"))
    }
  }

  @Test func `a position that cannot be written is told once and ends nothing`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.ndjson")
    try folder.write((0..<1200).map { Bodies.exchange("q\($0)") }.joined(separator: "\n"), to: "a.ndjson")
    try FileManager.default.createDirectory(atPath: path + ".verbatim-import", withIntermediateDirectories: false)
    let outcome = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.output.hasPrefix("1200 lines: 1200 stored"))
    #expect(outcome.errors.components(separatedBy: ".verbatim-import").count == 2, "\(outcome.errors)")
  }

  private func importer(to destination: FailingDestination, path: String, after: ImportPosition?) -> Importer {
    Importer(
      to: destination, defaults: IngestDefaults(), after: after, onBadLine: { _ in },
      onPosition: { PositionKeeper(besides: path, onNotice: { _ in }).keep($0) })
  }
}

/// Takes some groups of lines, then no more.
private actor FailingDestination: ImportDestination {
  nonisolated let name = "test"
  private var remaining: Int
  /// The numbers of the lines that came together.
  private(set) var groups: [[Int]] = []

  init(after groups: Int) { remaining = groups }

  func record(_ lines: [ImportLine]) async throws -> [ImportResult] {
    guard remaining > 0 else { throw ImportError("no more") }
    remaining -= 1
    groups.append(lines.map(\.number))
    return lines.map { _ in .stored }
  }
}
