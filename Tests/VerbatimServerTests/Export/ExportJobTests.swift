import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ExportJobTests {
  @Test func `a file is fetched in parts, from any byte on`() async throws {
    try await ExportJobs.with { jobs in
      try await jobs.fill(days: 1)
      let id = try await jobs.add(#"{"format":"ndjson","app_id":"app"}"#)
      let path = "/api/exports/\(id)"
      #expect(try await jobs.api.get(path).string("state") == "waiting")
      #expect(try await jobs.api.get(path + "/file").status == 409)
      try await jobs.worker().runOnce()
      let whole = try await jobs.api.get(path + "/file")
      #expect(whole.status == 200)
      let streamed = try await jobs.api.get("/api/conversations/export-all?format=ndjson&app_id=app")
      #expect(whole.body == streamed.body)
      #expect(whole.fields["Content-Type"] == "application/x-ndjson")
      #expect(whole.fields["Content-Disposition"] == "attachment; filename=\"conversations.ndjson\"")
      let tag = try #require(whole.fields["ETag"])
      let start = Int.random(in: 1..<whole.body.count)
      let part = try await jobs.api.get(path + "/file", fields: ["Range": "bytes=\(start)-", "If-Range": tag])
      #expect(part.status == 206)
      #expect(part.body == Array(whole.body.dropFirst(start)))
      #expect(part.fields["Content-Range"] == "bytes \(start)-\(whole.body.count - 1)/\(whole.body.count)")
      let changed = try await jobs.api.get(path + "/file", fields: ["Range": "bytes=5-", "If-Range": "\"x\""])
      #expect(changed.status == 200)
      let behind = try await jobs.api.get(path + "/file", fields: ["Range": "bytes=\(whole.body.count)-"])
      #expect(behind.status == 416)
      #expect(behind.fields["Content-Range"] == "bytes */\(whole.body.count)")
    }
  }

  @Test func `a download over a socket says its length`() async throws {
    try await ExportJobs.with(transport: .socket) { jobs in
      try await jobs.fill(days: 1)
      let id = try await jobs.add("{}")
      try await jobs.worker().runOnce()
      let whole = try await jobs.api.get("/api/exports/\(id)/file")
      #expect(whole.fields["Content-Length"] == "\(whole.body.count)")
      let part = try await jobs.api.get("/api/exports/\(id)/file", fields: ["Range": "bytes=-1000"])
      #expect(part.fields["Content-Length"] == "1000")
      #expect(part.body == Array(whole.body.suffix(1000)))
      let head = try await jobs.api.request("HEAD", "/api/exports/\(id)/file")
      #expect(head.fields["Content-Length"] == "\(whole.body.count)")
    }
  }

  @Test func `what comes after a job was asked for is not in it`() async throws {
    try await ExportJobs.with { jobs in
      _ = try await jobs.api.post("/api/chat/insert", Bodies.exchange("before"))
      let made = try await jobs.api.post("/api/exports", "{}")
      let cursor = try #require(made.string("cursor"))
      _ = try await jobs.api.post("/api/chat/insert", Bodies.exchange("after"))
      try await jobs.worker().runOnce()
      let first = try await jobs.file(of: try #require(made.string("id")))
      #expect(first["exchanges"]?.elements.map { $0.string("query") } == ["before"])
      let next = try await jobs.add("{\"since\":\(cursor)}")
      try await jobs.worker().runOnce()
      #expect(try await jobs.file(of: next)["exchanges"]?.elements.map { $0.string("query") } == ["after"])
    }
  }

  @Test func `a job that is removed stops, and leaves no file`() async throws {
    try await ExportJobs.with { jobs in
      try await jobs.fill(days: 1)
      let id = try await jobs.add("{}")
      let api = jobs.api
      let worker = jobs.worker(onMark: { mark in
        #expect(mark.place != nil)
        let answer = try await api.request("DELETE", "/api/exports/\(id)")
        #expect(answer.status == 200)
      })
      #expect(try await worker.runOnce())
      #expect(try jobs.files() == [])
      #expect(try await api.get("/api/exports/\(id)").status == 404)
      #expect(try await api.get("/api/exports/\(id)/file").status == 404)
      #expect(try await api.request("DELETE", "/api/exports/\(id)").status == 404)
      #expect(try await api.get("/api/exports")["exchanges"] == nil)
      #expect(try await !jobs.worker().runOnce())
    }
  }

  @Test func `a file expires`() async throws {
    try await ExportJobs.with { jobs in
      let id = try await jobs.add("{}")
      try await jobs.worker().runOnce()
      #expect(try jobs.files() == [id])
      try await jobs.worker().tidy()
      #expect(try jobs.files() == [id])
      try await jobs.execute("UPDATE verbatim_jobs SET expires_at = \(UnixClock.milliseconds())")
      #expect(try await jobs.api.get("/api/exports/\(id)/file").status == 404)
      try await jobs.worker().tidy()
      #expect(try jobs.files() == [])
      #expect(try await jobs.count() == 1)
      try await jobs.execute("UPDATE verbatim_jobs SET expires_at = 1")
      try await jobs.worker().tidy()
      #expect(try await jobs.count() == 0)
    }
  }

  @Test func `jobs of others are not there`() async throws {
    try await ExportJobs.with(configuration: .withKeys) { jobs in
      let whole = try await jobs.api.makeKey()
      let narrow = try await jobs.api.makeKey(app: "app", user: "user")
      let foreign = try await jobs.api.makeKey(account: "others")
      let admin = try await jobs.api.makeAdminKey()
      let id = try await jobs.add("{}", key: whole)
      let path = "/api/exports/\(id)"
      for key in [foreign, narrow] {
        #expect(try await jobs.api.get(path, fields: .key(key)).status == 404)
        #expect(try await jobs.api.get(path + "/file", fields: .key(key)).status == 404)
        #expect(try await jobs.api.request("DELETE", path, fields: .key(key)).status == 404)
        let list = try await jobs.api.get("/api/exports", fields: .key(key))
        #expect(list["exports"]?.elements.map { $0.string("id") } == [])
      }
      #expect(try await jobs.api.get(path + "?account_id=*", fields: .key(admin)).status == 200)
      #expect(try await jobs.api.get(path, fields: .key(whole)).status == 200)
      #expect(try await jobs.api.get(path).status == 401)
      let own = try await jobs.add("{}", key: narrow)
      let other = #"{"app_id":"app","user_id":"eve","query":"hers","answer":"a"}"#
      _ = try await jobs.api.post("/api/chat/insert", other, fields: .key(whole))
      try await jobs.worker().runOnce()
      try await jobs.worker().runOnce()
      #expect(try await jobs.file(of: own, key: narrow).integer("count") == 0)
    }
  }

  @Test func `what cannot be exported is said at once`() async throws {
    try await ExportJobs.with { jobs in
      for body in [
        #"{"format":"xml"}"#, #"{"since":99}"#, #"{"since":-1}"#, #"{"form":"json"}"#, #"{"compression":"rar"}"#,
        #"{"start_date":"2025-02-30"}"#, "[]",
      ] {
        let answer = try await jobs.api.post("/api/exports", body)
        #expect(answer.status == 400, "\(body)")
      }
      #expect(try await jobs.api.post("/api/exports", "{").status == 422)
      #expect(try await jobs.api.post("/api/exports", #"{"conversation_id":"none"}"#).status == 404)
      #expect(try await jobs.api.get("/api/exports/none").status == 404)
      #expect(try await jobs.count() == 0)
    }
  }

  @Test func `jobs are listed page by page, the newest first`() async throws {
    try await ExportJobs.with { jobs in
      var ids: [String] = []
      for _ in 0..<3 { ids.append(try await jobs.add("{}")) }
      let first = try await jobs.api.get("/api/exports?limit=2")
      #expect(first["exports"]?.elements.map { $0.string("id") } == [ids[2], ids[1]])
      let cursor = try #require(first.string("next_cursor"))
      let second = try await jobs.api.get("/api/exports?limit=2&cursor=\(cursor)")
      #expect(second["exports"]?.elements.map { $0.string("id") } == [ids[0]])
      #expect(second["next_cursor"]?.isNull == true)
    }
  }

  @Test func `an account has a bounded number of jobs that are not done`() async throws {
    try await ExportJobs.with { jobs in
      for _ in 0..<MainStore.mostUnfinishedExports { _ = try await jobs.add("{}") }
      let refused = try await jobs.api.post("/api/exports", "{}")
      #expect(refused.status == 429)
      #expect(refused.fields["Retry-After"] != nil)
      try await jobs.worker().runOnce()
      #expect(try await jobs.api.post("/api/exports", "{}").status == 200)
    }
  }

  @Test(arguments: [
    ("bytes=0-0", ByteRange.bytes(0..<1)), ("bytes=-3", .bytes(7..<10)), ("bytes=8-99", .bytes(8..<10)),
    ("bytes=0-99999999999999999999", .bytes(0..<10)), ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
    ("bytes=3-1", nil), ("bytes=1-2,4-5", nil), ("lines=1-2", nil), ("bytes=-", nil), ("bytes=+1-2", nil),
  ])
  func `ranges are read as RFC 9110 says`(field: String, range: ByteRange?) {
    #expect(ByteRange(field, of: 10) == range)
  }
}
