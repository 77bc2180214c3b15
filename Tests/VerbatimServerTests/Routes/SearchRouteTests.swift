import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct SearchRouteTests {
  private func fill(_ api: TestAPI) async throws {
    for (user, query, answer) in [("ana", "<b>天气</b> today?", "天气很好"), ("ben", "swift?", "天气 & swift")] {
      let body = """
        {"app_id":"shop","user_id":"\(user)","conversation_id":"\(user)","query":"\(query)","answer":"\(answer)"}
        """
      #expect(try await api.post("/api/chat/insert", body).status == 200)
    }
    let indexer = try SearchIndexer(api.store)
    while try await indexer.round() {}
  }

  @Test(arguments: Transport.allCases)
  func `messages are found with what was found marked`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      try await fill(api)
      let answer = try await api.get("/api/v1/search?q=%E5%A4%A9%E6%B0%94&sort=time")
      #expect(answer.status == 200, "\(answer.text)")
      let results = answer["results"].map { $0.elements.map(\.self) } ?? []
      let snippets: [String?] = results.map { $0["snippet"]?.string?.string }
      #expect(
        snippets == [
          "<mark>天气</mark> &amp; swift", "<mark>天气</mark>很好", "&lt;b&gt;<mark>天气</mark>&lt;/b&gt; today?",
        ])
      #expect(results.map { $0["conversation_id"]?.string?.string } == ["ben", "ana", "ana"])
      #expect(results.map { $0["role"]?.string?.string } == ["assistant", "assistant", "user"])
      #expect(results[0]["message_id"]?.string?.string == results[0]["exchange_id"]?.string?.string)
      #expect(answer["complete"]?.boolean == true && answer["next_cursor"]?.isNull == true)
      let narrowed = try await api.get("/api/v1/search?q=%E5%A4%A9*%20-swift&role=assistant&user_id=ana&app_id=shop")
      #expect(narrowed["results"].map { Array($0.elements).count } == 1)
      let status = try await api.get("/api/admin/search")
      #expect(status.status == 401)
    }
  }

  @Test func `pages go on by their cursor`() async throws {
    try await TestAPI.with { api in
      try await fill(api)
      for sort in ["rank", "time"] {
        var ids: [String] = []
        var cursor = ""
        repeat {
          let page = try await api.get("/api/v1/search?q=%E5%A4%A9%E6%B0%94&limit=1&sort=\(sort)\(cursor)")
          ids += page["results"].map { $0.elements.compactMap { $0["message_id"]?.string?.string } } ?? []
          cursor = page["next_cursor"]?.string.map { "&cursor=\($0.string)" } ?? ""
        } while !cursor.isEmpty
        #expect(ids.count == 3 && Set(ids).count == 3)
      }
    }
  }

  @Test(arguments: [
    ("", "q is missing"), ("?q=", "q is missing"), ("?q=%22a", "q opens a quote"), ("?q=-a", "q only says"),
    ("?q=!", "q has no word"), ("?q=a&limit=0", "limit must be"), ("?q=a&limit=101", "limit must be"),
    ("?q=a&sort=best", "sort must be one of rank, time"), ("?q=a&cursor=x", "cursor must be a next_cursor"),
    ("?q=a&from=soon", "from must be"), ("?q=a&from=2025-01-02&to=2025-01-01", "from must not be later"),
    ("?q=a&role=\(String(repeating: "r", count: 65))", "role is longer than 64"), ("?q=a&model=%00", "model must be"),
  ])
  func `what is wrong with a search is said`(query: String, detail: String) async throws {
    try await TestAPI.with { api in
      let answer = try await api.get("/api/v1/search\(query)")
      #expect(answer.status == 400, "\(answer.text)")
      #expect(answer["error"]?.string?.string == "invalid_value")
      #expect(answer["detail"]?.string?.string.hasPrefix(detail) == true, "\(answer.text)")
    }
  }

  @Test func `an index that nobody builds is not made anew`() async throws {
    var configuration = Configuration.withKeys
    configuration.buildsSearchIndex = false
    try await TestAPI.with(configuration: configuration) { api in
      let fields = HTTPFields.key(try await api.makeAdminKey())
      let refused = try await api.post("/api/admin/search/reindex", "", fields: fields)
      #expect(refused.status == 409 && refused.string("error") == "search_off", "\(refused.text)")
      let index = try await api.get("/api/admin/search", fields: fields)
      #expect(index["rebuilding"]?.boolean == false)
    }
  }

  @Test func `an administrator sees the index and has it made anew`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let fixture = try await RouteFixture(api)
      _ = try await api.post("/api/chat/insert", Bodies.exchange(), fields: .key(fixture.ownerKey))
      let admin = try await api.get("/api/admin/search", fields: .key(fixture.adminKey))
      #expect(admin.status == 200 && admin["rebuilding"]?.boolean == false)
      let anew = try await api.post("/api/admin/search/reindex", "", fields: .key(fixture.adminKey))
      #expect(anew["rebuilding"]?.boolean == true && anew["remaining_days"]?.integer == 1, "\(anew.text)")
      let indexer = try SearchIndexer(api.store)
      while try await indexer.round() {}
      let after = try await api.get("/api/admin/search", fields: .key(fixture.adminKey))
      #expect(after["rebuilding"]?.boolean == false && after["remaining_days"]?.integer == 0, "\(after.text)")
    }
  }
}
