import Foundation
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import HTTP
@testable import VerbatimServer
@testable import VerbatimStore

@Suite struct ExportResumeTests {
  @Test(arguments: TestEngine.allCases, [false, true])
  func `a job that was cut off after every mark makes the same file`(engine: TestEngine, isDaily: Bool) async throws {
    try await ExportJobs.with(on: engine, isDaily: isDaily) { jobs in
      try await jobs.fill(days: 3)
      try await Self.checkResuming(jobs, "ndjson", nil)
    }
  }

  @Test(arguments: ExportFormat.allCases, [nil, ResponseCoding.gzip, .zstd])
  func `every form goes on where it was cut off`(format: ExportFormat, compression: ResponseCoding?) async throws {
    try await ExportJobs.with { jobs in
      try await jobs.fill(days: 2)
      try await Self.checkResuming(jobs, format.rawValue, compression)
    }
  }

  private static func checkResuming(
    _ jobs: ExportJobs, _ format: String, _ compression: ResponseCoding?
  ) async throws {
    let coding = compression.map { ",\"compression\":\"\($0.rawValue)\"" } ?? ""
    let body = "{\"format\":\"\(format)\"\(coding)}"
    let whole = try await jobs.add(body)
    try await jobs.worker().runOnce()
    let unbroken = try await jobs.file(of: whole)
    let broken = try await jobs.add(body)
    var marks = 0
    while try await cutOff(jobs) {
      marks += 1
      try tear(jobs, broken)
    }
    #expect(marks > 2)
    let job = try await jobs.api.get("/api/exports/\(broken)")
    #expect(job.string("state") == "done")
    let resumed = try await jobs.file(of: broken)
    #expect(job.integer("bytes") == Int64(resumed.body.count))
    #expect(job.integer("exchanges") == 48)
    let checksum = try RunningChecksum.hex(of: resumed.body)
    #expect(resumed.fields["X-Verbatim-SHA256"] == checksum)
    let (left, right) = (try decoded(resumed.body, compression), try decoded(unbroken.body, compression))
    #expect(left == right)
  }

  /// Works up to the next mark; false: to the end.
  private static func cutOff(_ jobs: ExportJobs) async throws -> Bool {
    do {
      try await jobs.worker(onMark: { mark in if mark.place != nil { throw CancellationError() } }).runOnce()
      return false
    } catch is CancellationError {
      return true
    }
  }

  /// What was written behind the mark, and never was said to be there.
  private static func tear(_ jobs: ExportJobs, _ id: String) throws {
    let file = try #require(FileHandle(forWritingAtPath: jobs.folder.path + "/\(id).partial"))
    file.seekToEndOfFile()
    file.write(Data("{\"torn".utf8))
    try file.close()
  }

  private static func decoded(_ bytes: [UInt8], _ compression: ResponseCoding?) throws -> [UInt8] {
    guard let compression else { return bytes }
    let decoder: any ContentDecoder =
      compression == .gzip ? try RequestCoding.gzip.makeDecoder() : try RequestCoding.zstd.makeDecoder()
    var (input, output): (ArraySlice<UInt8>, [UInt8]) = (bytes[...], [])
    var isMore = true
    while isMore {
      let part = try [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
        count = try decoder.decode(&input, into: buffer)
      }
      output += part
      isMore = !input.isEmpty || !part.isEmpty
    }
    #expect(decoder.isAtEnd)
    return output
  }

  @Test(arguments: [TestEngine.postgreSQL, .mariaDB])
  func `several workers do each job once`(engine: TestEngine) async throws {
    try await ExportJobs.with(on: engine) { jobs in
      try await jobs.fill(days: 1)
      var ids: [String] = []
      for _ in 0..<6 { ids.append(try await jobs.add("{}")) }
      let done = Mutex(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 {
          let worker = jobs.worker(onMark: { mark in if mark.place == nil { done.withLock { $0 += 1 } } })
          group.addTask { while try await worker.runOnce() {} }
        }
        try await group.waitForAll()
      }
      // Who loses against another may find nothing for the moment.
      while try await jobs.worker(onMark: { mark in if mark.place == nil { done.withLock { $0 += 1 } } }).runOnce() {}
      #expect(done.withLock { $0 } == 6)
      let first = try await jobs.file(of: ids[0]).body
      for id in ids { #expect(try await jobs.file(of: id).body == first) }
    }
  }

  @Test func `a server that does not have the file says so`() async throws {
    try await ExportJobs.with(on: .postgreSQL) { jobs in
      let elsewhere = try TemporaryFolder()
      let id = try await jobs.add("{}")
      try await jobs.worker(in: ExportFolder(elsewhere.path("exports"))).runOnce()
      let answer = try await jobs.api.get("/api/exports/\(id)/file")
      #expect(answer.status == 503)
      #expect(answer.string("error") == "file_elsewhere")
      #expect(answer.fields["Retry-After"] == "1")
    }
  }

  @Test func `a job whose worker went to another machine begins again, up to the same end`() async throws {
    try await ExportJobs.with(on: .postgreSQL) { jobs in
      try await jobs.fill(days: 1)
      let id = try await jobs.add(#"{"format":"ndjson"}"#)
      let expected = try await jobs.api.get("/api/conversations/export-all?format=ndjson").body
      let elsewhere = try TemporaryFolder()
      let other = jobs.worker(in: ExportFolder(elsewhere.path("exports"))) { _ in throw CancellationError() }
      await #expect(throws: CancellationError.self) { try await other.runOnce() }
      _ = try await jobs.api.post("/api/chat/insert", Bodies.exchange("later"))
      try await jobs.worker().runOnce()
      #expect(try await jobs.file(of: id).body == expected)
    }
  }

  @Test func `a job that another worker still holds is left to it`() async throws {
    try await ExportJobs.with { jobs in
      try await jobs.fill(days: 1)
      let id = try await jobs.add("{}")
      try jobs.folder.prepare()
      let uuid = try #require(UUIDv7(id))
      let held = try #require(try ExportJobFile.writing(jobs.folder.partialFile(of: uuid)))
      #expect(try await jobs.worker().runOnce())
      #expect(try await held.read(at: 0, count: 1) == [])
      #expect(try await jobs.api.get("/api/exports/\(id)").string("state") == "running")
    }
  }
}

extension RunningChecksum {
  fileprivate static func hex(of bytes: [UInt8]) throws -> String {
    let checksum = try RunningChecksum()
    try checksum.add(bytes)
    return try checksum.finish()
  }
}
