import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer
@testable import VerbatimStore

/// An API whose background exports are made when the test says so.
struct ExportJobs: Sendable {
  let api: TestAPI
  let folder: ExportFolder

  static func with(
    transport: Transport = .router, configuration: Configuration = Configuration(), on engine: TestEngine = .sqlite,
    isDaily: Bool = false, _ body: @Sendable (ExportJobs) async throws -> Void
  ) async throws {
    let files = try TemporaryFolder()
    var settings = configuration
    settings.exportFolder = ExportFolder(files.path("exports"))
    let (place, wanted) = (try await engine.makeDatabase(), settings)
    var history = Store.Configuration(place.engine)
    history.isDaily = isDaily
    do {
      try await TestAPI.with(
        transport, configuration: wanted, history: history, main: MainStore.Configuration(place.engine),
        in: TemporaryFolder()
      ) { api in try await body(ExportJobs(api: api, folder: wanted.exportFolder)) }
    } catch {
      try await place.drop()
      throw error
    }
    try await place.drop()
  }

  /// Some megabytes, failures among them.
  func fill(days: Int) async throws {
    let text = String(repeating: "晴 \"x\" ", count: 15_000)
    let lines = (0..<48).map { number in
      let day = "\"created_at\":\"2025-01-\(11 + number % days)T10:00:00Z\""
      return number % 8 == 7
        ? #"{"app_id":"app","user_id":"user","query":"q","error":{"code":500,"message":"m"},\#(day)}"#
        : Bodies.exchange("\(number)", answer: "\(number) " + text, day)
    }
    let answer = try await api.post(
      "/api/chat/insert/batch", lines.joined(separator: "\n"), type: "application/x-ndjson")
    #expect(answer.integer("inserted") == 48)
  }

  /// Answers its id.
  func add(_ body: String, key: String? = nil) async throws -> String {
    let answer = try await api.post("/api/exports", body, fields: key.map { .key($0) } ?? [:])
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.string("id"))
  }

  func file(of id: String, key: String? = nil) async throws -> TestAPI.Answer {
    let answer = try await api.get("/api/exports/\(id)/file", fields: key.map { .key($0) } ?? [:])
    #expect(answer.status == 200, "\(answer.text.prefix(500))")
    return answer
  }

  /// One that keeps a mark behind each page.
  func worker(
    in folder: ExportFolder? = nil, onMark: @escaping @Sendable (ExportJob.Mark) async throws -> Void = { _ in }
  ) -> ExportWorker {
    ExportWorker(api.stores, folder ?? self.folder, keptHours: 24, log: .silent, markBytes: 1, onMark: onMark)
  }

  /// The names of the files that there are.
  func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

  func execute(_ script: String) async throws {
    try await api.main.database.writer.run { try $0.executeScript(script) }
  }

  /// How many rows of jobs there are.
  func count() async throws -> Int {
    try await api.main.database.read { connection in
      try connection.first("SELECT count(*) FROM verbatim_jobs") { Int($0.integer(0)) } ?? 0
    }
  }
}
