import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct UsageRouteTests {
  private func insert(
    _ api: TestAPI, user: String, model: String, day: Int, latency: Double, fields: HTTPFields = [:]
  ) async throws {
    let body = """
      {"app_id":"app","user_id":"\(user)","query":"q","answer":"a","model_id":"\(model)",\
      "usage":{"prompt_tokens":10,"completion_tokens":2},"metadata":{"latency":\(latency)},\
      "created_at":"2025-01-\(day)T10:30:00Z"}
      """
    #expect(try await api.post("/api/chat/insert", body, fields: fields).status == 200)
  }

  @Test(arguments: Transport.allCases)
  func `sums by day and model are told with their latencies`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      for (day, model) in [(15, "m1"), (15, "m1"), (16, "m2")] {
        try await insert(api, user: "u\(day)", model: model, day: day, latency: 0.12)
      }
      let answer = try await api.get("/api/v1/stats?group_by=day,model&from=2025-01-15&to=2025-01-16")
      #expect(
        answer.text == """
          {"group_by":["day","model"],"from":"2025-01-15","to":"2025-01-16","timezone":"UTC","data":[\
          {"day":"2025-01-15","model":"m1","exchanges":2,"errors":0,"messages":4,"prompt_tokens":20,\
          "completion_tokens":4,"total_price":0,"latency_ms":{"count":2,"p50":125,"p95":150,"p99":150},\
          "first_use":"2025-01-15","last_use":"2025-01-15"},\
          {"day":"2025-01-16","model":"m2","exchanges":1,"errors":0,"messages":2,"prompt_tokens":10,\
          "completion_tokens":2,"total_price":0,"latency_ms":{"count":1,"p50":150,"p95":150,"p99":150},\
          "first_use":"2025-01-16","last_use":"2025-01-16"}],\
          "total":{"exchanges":3,"errors":0,"messages":6,"prompt_tokens":30,"completion_tokens":6,"total_price":0,\
          "latency_ms":{"count":3,"p50":134,"p95":150,"p99":150},"first_use":"2025-01-15","last_use":"2025-01-16"},\
          "has_more":false}
          """)
      let hours = try await api.get("/api/v1/stats?group_by=hour&from=2025-01-16&to=2025-01-16")
      let hour = hours.json["data"]?.elements.map { $0["hour"]?.string?.string } ?? []
      #expect(hour == ["2025-01-16T10:00:00.000Z"])
      let users = try await api.get("/api/v1/stats?active_users=true")
      #expect(users.json["total"]?["active_users"]?.integer == 2)
    }
  }

  @Test(
    arguments: [
      "group_by=week", "group_by=day,", "group_by=day,day", "group_by=day,model,app", "from=2025-01-32",
      "from=2025-01-15T00:00:00Z", "from=2025-02-01&to=2025-01-01", "group_by=hour", "limit=0", "limit=10001",
      "group_by=hour&from=2025-01-01&to=2025-12-31", "group_by=channel&user_id=u", "group_by=channel&active_users=true",
      "group_by=day,channel", "active_users=yes", "user_id=\(String(repeating: "u", count: 65))",
    ])
  func `what no counters tell is refused`(_ query: String) async throws {
    try await TestAPI.with(.router) { api in
      let answer = try await api.get("/api/v1/stats?\(query)")
      #expect(answer.status == 400, "\(answer.text)")
      #expect(answer.json["detail"]?.string?.isEmpty == false)
    }
  }

  @Test func `keys see the sums of what they may see`() async throws {
    try await TestAPI.with(.router, configuration: .withKeys) { api in
      let (mine, other) = (try await api.makeKey(account: "a"), try await api.makeKey(account: "b"))
      let user = try await api.makeKey(account: "a", user: "u2")
      let app = try await api.makeKey(account: "a", app: "none")
      let admin = try await api.makeAdminKey()
      for (key, name) in [(mine, "u1"), (mine, "u2"), (mine, "u2"), (other, "u1")] {
        try await insert(api, user: name, model: "m", day: 15, latency: 1, fields: .key(key))
      }
      func exchanges(_ key: String, _ query: String = "") async throws -> Int64? {
        let answer = try await api.get("/api/v1/stats?\(query)", fields: .key(key))
        return answer.json["total"]?["exchanges"]?.integer
      }
      #expect(try await exchanges(mine) == 3)
      #expect(try await exchanges(other) == 1)
      #expect(try await exchanges(user) == 2)
      #expect(try await exchanges(user, "user_id=u1") == 0)
      #expect(try await exchanges(app, "group_by=model") == 0)
      #expect(try await exchanges(admin) == 0)
      #expect(try await exchanges(admin, "account_id=*") == 4)
      #expect(try await exchanges(admin, "account_id=b&group_by=day") == 1)
      #expect(try await api.get("/api/v1/stats?group_by=hour", fields: .key(user)).status == 400)
      #expect(try await api.get("/api/v1/stats?account_id=b", fields: .key(mine)).status == 403)
    }
  }

  @Test func `the command tells the same, as a table and as JSON`() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Bodies.exchange("1") + "\n" + Bodies.exchange("2"), to: "a.ndjson")
    _ = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    let table = try await SpawnedCommand.run(["stats", "--group-by", "app", "--database", "a.db"], in: folder)
    #expect(table.code == 0, "\(table.errors)")
    let lines = table.output.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    #expect(lines.count == 3 && lines[0].starts(with: ["account_id", "app_id", "exchanges"]))
    #expect(lines[1][2] == "2" && lines[2].starts(with: ["all", "2", "0", "4"]))
    let json = try await SpawnedCommand.run(
      ["stats", "--json", "--active-users", "--database", "a.db"], in: folder)
    let answer = try JSONSlice(checking: Bytes(utf8: json.output))
    #expect(answer["total"]?["exchanges"]?.integer == 2 && answer["total"]?["active_users"]?.integer == 1)
    let wrong = try await SpawnedCommand.run(["stats", "--group-by", "week", "--database", "a.db"], in: folder)
    #expect(wrong.code == 1 && wrong.errors.contains("group_by"))
  }
}
