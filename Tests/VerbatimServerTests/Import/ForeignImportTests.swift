import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Files of other programs, by the command.
@Suite struct ForeignImportTests {
  struct File: Sendable, CustomTestStringConvertible {
    let name: String
    let stored: Int
    /// Numbers of the elements that cannot be taken.
    let bad: [Int64]
    /// A conversation, what it is called, and how many messages it has.
    let conversation: (id: String, name: String, messages: Int64)
    var testDescription: String { name }
  }

  private static let files = [
    File(
      name: "sharegpt.json", stored: 1_000, bad: [], conversation: ("sharegpt:identity_2", "What is up?", 6)),
    File(
      name: "chatgpt.json", stored: 7, bad: [3],
      conversation: ("chatgpt:6675d1f6-0000-8000-9000-aabbccddeeff", "雨的诗", 12)),
    File(name: "openai.jsonl", stored: 5, bad: [8, 4], conversation: ("", "", 0)),
    File(
      name: "llm.json", stored: 4, bad: [5],
      conversation: ("llm:01jgm0000000000000000000c1", "Names for a pelican", 5)),
    File(name: "litellm.json", stored: 4, bad: [5], conversation: ("litellm:s-1", "Hello", 6)),
  ]

  @Test(arguments: files)
  func `a file is imported once, however often, and straight as over HTTP`(_ file: File) async throws {
    let path = Fixtures.path("imports/\(file.name)")
    try await SpawnedServer.with { server in
      for (round, way) in [["--database", "a.db"], ["--server", server.url], ["--database", "a.db"]].enumerated() {
        let outcome = try await SpawnedCommand.run(
          ["import", path, "--app", "mine", "--errors", "errors.ndjson"] + way, in: server.folder)
        #expect(outcome.code == (file.bad.isEmpty ? 0 : 1), "\(outcome.errors)")
        let counts = round < 2 ? "\(file.stored) stored, 0" : "0 stored, \(file.stored)"
        let total = file.stored + file.bad.count
        #expect(outcome.output.hasPrefix("\(total) exchanges: \(counts) already there, \(file.bad.count) failed"))
        let errors = try server.folder.text(of: "errors.ndjson").split(separator: "\n")
        let numbers = try errors.map { try JSONSlice(checking: Bytes(utf8: String($0)))["line"]?.integer }
        #expect(numbers.sorted { $0 ?? 0 < $1 ?? 0 } == file.bad.sorted())
      }
      let verified = try await SpawnedCommand.run(["verify", "--database", "a.db"], in: server.folder)
      #expect(verified.code == 0, "\(verified.output)")
      try await compare(file, server)
    }
  }

  private func compare(_ file: File, _ server: SpawnedServer) async throws {
    guard !file.conversation.id.isEmpty else { return }
    let id = PercentEncoding.encode(file.conversation.id)
    let answer = try await HTTPClient().send("GET", "\(server.url)/api/chat/\(id)")
    let stored = try JSONSlice(checking: answer.body[...])
    #expect(stored.string("name") == file.conversation.name)
    #expect(stored.string("app_id") == "mine")
    #expect(stored["message_count"]?.integer == file.conversation.messages)
    let store = try await Store.open(Store.Configuration(path: server.folder.path("a.db")))
    let straight = try await store.conversation(file.conversation.id, within: .account(Account.standard))
    await store.close()
    #expect(straight?.name == file.conversation.name && straight?.messageCount == file.conversation.messages)
    #expect(straight?.source == "import")
  }

  @Test func `an import that was cut off goes on, also with what waits for its other half`() async throws {
    let folder = try TemporaryFolder()
    let request = #"{"custom_id":"r","method":"POST","url":"/v1","body":{"messages":[{"role":"user","content":"q"}]}}"#
    let choices = #"[{"message":{"role":"assistant","content":"a"}}]"#
    let answer = #"{"id":"b","custom_id":"r","response":{"body":{"choices":\#(choices)}}}"#
    let lines = [request] + (0..<600).map { #"{"messages":[{"role":"user","content":"\#($0)"}]}"# } + [answer]
    try folder.write(lines.joined(separator: "\n"), to: "a.jsonl")
    let failing = LimitedDestination(takes: 1)
    await #expect(throws: ImportError.self) { try await importer(failing, folder, after: nil) }
    let position = try #require(
      try PositionKeeper(besides: folder.path("a.jsonl"), onNotice: { _ in }).position(for: "limited"))
    let rest = LimitedDestination(takes: .max)
    let summary = try await importer(rest, folder, after: position)
    #expect(summary.stored == 101 && summary.failed == 0 && summary.skipped == 500)
    let keys = await failing.keys + rest.keys
    #expect(Set(keys).count == 601 && keys.count == 601)
  }

  private func importer(
    _ destination: LimitedDestination, _ folder: TemporaryFolder, after position: ImportPosition?
  ) async throws -> Importer.Summary {
    let path = folder.path("a.jsonl")
    return try await Importer(
      to: destination, defaults: IngestDefaults(), after: position, onBadLine: { _ in },
      onPosition: { PositionKeeper(besides: path, onNotice: { _ in }).keep($0) }
    ).run(InputFile(path))
  }

  @Test func `a format that is none, or of a database, is told`() async throws {
    let folder = try TemporaryFolder()
    try folder.write("{}", to: "a.json")
    for (format, hint) in [("csv", "sharegpt"), ("mes", "--from")] {
      let outcome = try await SpawnedCommand.run(["import", "a.json", "--format", format], in: folder)
      #expect(outcome.code == 2 && outcome.errors.contains(hint), "\(outcome.errors)")
    }
  }
}

/// Takes some groups, then no more.
private actor LimitedDestination: ImportDestination {
  nonisolated let name = "limited"
  private var remaining: Int
  private(set) var keys: [String] = []

  init(takes groups: Int) { remaining = groups }

  func record(_ lines: [ImportLine]) async throws -> [ImportResult] {
    guard remaining > 0 else { throw ImportError("no more") }
    remaining -= 1
    keys += lines.compactMap(\.exchange.idempotencyKey)
    return lines.map { _ in .stored }
  }
}
