import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct AzureTests {
  private static let resource = "https://own.openai.azure.com"

  @Test(arguments: [
    ("/openai/v1", "", "/openai/v1/chat/completions"), ("/openai/v1/", "", "/openai/v1/chat/completions"),
    (
      "/openai?api-version=2024-10-21", "",
      "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
    ),
    ("?api-version=2024-10-21", "a=b", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21&a=b"),
    (
      "/openai/deployments/mine?api-version=2024-10-21", "",
      "/openai/deployments/mine/chat/completions?api-version=2024-10-21"
    ),
  ])
  func `a call goes to the model's deployment`(_ base: String, _ query: String, _ expected: String) {
    let address = ChannelAddress(Self.resource + base, .azure)
    #expect(address.url("/v1/chat/completions", query: query, model: "gpt-4o") == Self.resource + expected)
  }

  @Test(arguments: ["/openai?v=1", "/openai/deployments/mine?v=1", "?v=1"])
  func `calls without a model go to the resource`(_ base: String) {
    let address = ChannelAddress(Self.resource + base, .azure)
    #expect(address.url("/v1/models", query: nil, model: nil) == Self.resource + "/openai/models?v=1")
  }

  @Test(arguments: [("../x", "..%2Fx"), ("..", "%2E%2E"), ("a b?c#d", "a%20b%3Fc%23d"), ("gpt-4.1", "gpt-4.1")])
  func `a model's name cannot leave its place in the path`(_ model: String, _ segment: String) {
    let url = ChannelAddress(Self.resource, .azure).url("/v1/chat/completions", query: nil, model: model)
    #expect(url == "\(Self.resource)/openai/deployments/\(segment)/chat/completions")
  }

  @Test(arguments: [
    ("https://x/v1", Channel.Dialect.openai, "https://x/v1/a"), ("https://x/own/", .openai, "https://x/own/a"),
    ("https://x/v1", .anthropic, "https://x/v1/a"), ("https://x", .anthropic, "https://x/v1/a"),
  ])
  func `other dialects have no deployments`(_ base: String, _ dialect: Channel.Dialect, _ expected: String) {
    #expect(ChannelAddress(base, dialect).url("/v1/a", query: nil, model: "m") == expected)
  }

  @Test func `a channel of Azure's older form answers calls, with its key and its empty first choice`() async throws {
    let events = try Fixtures.text(atPath: Fixtures.path("streams/azure-content-filter.sse"))
    let upstream = try FakeUpstream { _, peer in
      peer.answer(events, fields: "Content-Type: text/event-stream\r\n")
      return true
    }
    try await TestAPI.with(.socket, configuration: .withKeys) { api in
      let key: HTTPFields = .key(try await api.makeKey())
      let base = "http://127.0.0.1:\(upstream.port)/openai?api-version=2024-10-21"
      try await api.makeChannel(
        #""dialect":"azure","base_url":"\#(base)","key":"az-key","models":{"fast":"own-mini"}"#)
      var fields = key
      fields["api-key"] = "sk-client"
      let question = #"{"model":"fast","stream":true,"messages":[{"role":"user","content":"?"}]}"#
      let answer = try await api.post(Chat.path, question, fields: fields)
      #expect(answer.text == events)
      let request = try #require(upstream.requests.first)
      #expect(request.path == "/openai/deployments/own-mini/chat/completions?api-version=2024-10-21")
      #expect(request.field("api-key") == "az-key")
      #expect(request.field("Authorization") == nil)
      let conversation = try #require(answer.fields["X-Conversation-Id"])
      let page = try await api.get("/api/chat/\(conversation)/messages", fields: key)
      let exchange = try #require(page.json["data"]?.elements.first { _ in true })
      #expect(exchange.text("answer") == "Yes")
      #expect(exchange.text("response_id") == "chatcmpl-BxK3")
      #expect(exchange.text("model_provider") == "azure")
    }
  }
}
