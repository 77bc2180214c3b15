import Testing
import VerbatimModel

@testable import Providers

@Suite struct ChatRequestTests {
  private func request(_ json: String, call: RecordedCall = .chatCompletions) throws -> ChatRequest {
    try ChatRequest(parsing: Bytes(utf8: json), call: call)
  }

  @Test func `what a request asks for is read from its bytes`() throws {
    let request = try request(
      #"""
      {"model": "gpt-4o", "n": 2, "stream": true, "stream_options": {"include_usage": true}, "store": true, "user": "u1",
       "metadata": {"conversation_id": "c1"}, "messages": [{"role": "user", "content": "hi"}]}
      """#)
    #expect(request.model == "gpt-4o")
    #expect(request.choiceCount == 2)
    #expect(request.isStream && request.wantsUsage && request.isStoreRequested)
    #expect(request.conversationID == "c1")
    #expect(request.endUser == "u1")
    #expect(request.messages == [Message(role: "user", content: Bytes(utf8: "hi"), contentKind: .text)])
  }

  @Test(arguments: ["", "[]", "{}", #"{"model":null}"#, #"{"model":3}"#, #"{"model":""}"#, #"{"model":"m""#])
  func `a body that names no model is refused`(json: String) {
    #expect(throws: InvalidExchange.self) { try ChatRequest(parsing: Bytes(utf8: json)) }
  }

  @Test(arguments: [
    (RecordedCall.chatCompletions, #""metadata":{"conversation_id":"#, "}"), (.responses, #""conversation":"#, ""),
    (.responses, #""conversation":{"id":"#, "}"), (.messages, #""metadata":{"conversation_id":"#, "}"),
  ])
  func `a conversation's name that is too long is refused`(_ call: RecordedCall, _ start: String, _ end: String) throws
  {
    for (length, isTaken) in [(255, true), (256, false)] {
      let name = String(repeating: "c", count: length)
      let json = #"{"model":"m",\#(start)"\#(name)"\#(end)}"#
      if isTaken {
        #expect(try request(json, call: call).conversationID == name)
      } else {
        #expect(throws: InvalidExchange.self) { try request(json, call: call) }
      }
    }
  }

  @Test(arguments: [
    // metadata and store first, in the middle, last, alone beside the model, and repeated
    (#"{"metadata":{"a":"b"},"model":"m","messages":[]}"#, #"{"model":"m","messages":[]}"#),
    (#"{"model":"m", "store":false, "messages":[]}"#, #"{"model":"m", "messages":[]}"#),
    ("{\"model\":\"m\",\n \"store\" : null ,\n \"metadata\":{}\n}", "{\"model\":\"m\"\n}"),
    (#"{"store":false,"metadata":null,"model":"m","store":false}"#, #"{"model":"m"}"#),
    (#"{"model":"m","store":true,"metadata":{"a":"b"}}"#, #"{"model":"m","store":true,"metadata":{"a":"b"}}"#),
    (#"{"model":"m","x":{"store":1},"a":"\"store\":2"}"#, #"{"model":"m","x":{"store":1},"a":"\"store\":2"}"#),
  ])
  func `metadata and store go on only when they are to be stored there, too`(sent: String, forwarded: String) throws {
    let result = try request(sent).forwarded()
    #expect(result.string == forwarded)
  }

  @Test func `the fields of another provider's calls stay`() throws {
    let json = #"{"model":"m","metadata":{"user_id":"u"},"store":false}"#
    let kept = try request(json, call: .messages)
    #expect(kept.forwarded().string == json)
    #expect(kept.endUser == "u")
    let response = try request(json, call: .responses)
    #expect(response.forwarded().string == json)
  }

  @Test(arguments: [
    (#"{"model":"m","stream":true}"#, #"{"stream_options":{"include_usage":true},"model":"x","stream":true}"#),
    (
      #"{"stream":true,"stream_options":null,"model":"m"}"#,
      #"{"stream":true,"stream_options":{"include_usage":true},"model":"x"}"#
    ),
    (
      #"{"stream":true,"stream_options":{},"model":"m"}"#,
      #"{"stream":true,"stream_options":{"include_usage":true},"model":"x"}"#
    ),
    (
      #"{"stream":true,"stream_options":{"a":1},"model":"m"}"#,
      #"{"stream":true,"stream_options":{"include_usage":true,"a":1},"model":"x"}"#
    ),
    (
      #"{"stream":true,"stream_options":{"include_usage":false},"model":"m"}"#,
      #"{"stream":true,"stream_options":{"include_usage":true},"model":"x"}"#
    ),
    (#"{"model":"m"}"#, #"{"model":"x"}"#),
    (#"{"m\u006fdel":"m","model":"m"}"#, #"{"m\u006fdel":"x","model":"x"}"#),
  ])
  func `usage is asked for and the model renamed by splicing`(sent: String, forwarded: String) throws {
    let result = try request(sent).forwarded(model: "x", addsUsage: true)
    #expect(result.string == forwarded)
    _ = try JSONSlice(checking: result)
  }

  @Test func `nothing else of the body changes`() throws {
    let json = "{ \"b\" : 1e400, \"model\":\"m\" ,\t\"a\":[ \"\\ud800\" , 12345678901234567890 ],\r\n\"a\":{} }"
    let same = try request(json).forwarded(model: "m", addsUsage: true)
    #expect(same.string == json)
  }

  @Test(arguments: [
    "{\"messages\": [ {\"role\":\"user\",\"content\":\"hi\"} ], \"model\" : \"m\"\n}",
    #"{"model":"m","messages":[]}"#,
    #"{"model":"m","messages":[{"role":"robot","content":"hi"}]}"#,
    #"{"model":"m","messages":[1,null]}"#,
    #"{"model":"m","messages":"hi"}"#,
    #"{"model":"m","messages":[{"role":"user","content":"a"}],"messages":[]}"#,
    #"{"model":"m"}"#,
  ])
  func `the body can be taken back from what is kept`(json: String) throws {
    let request = try request(json)
    let exchange = request.exchange(appID: "a", userID: "u", provider: "p")
    let kept = try #require(KeptRequest(stored: exchange.request))
    let array = try JSONSlice(checking: Bytes(utf8: json))["messages"]?.bytes
    let inside: Bytes = array.map { $0.dropFirst().dropLast() } ?? []
    #expect(kept.body(messages: inside).string == json)
    #expect(kept.emptied == nil || !kept.body.string.contains("hi"))
  }

  @Test func `a response's input becomes messages`() throws {
    let request = try request(
      #"""
      {"model":"m","instructions":"Be brief.","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},
       {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
       {"type":"function_call_output","call_id":"c","output":"42"},{"type":"item_reference","id":"i"}]}
      """#, call: .responses)
    #expect(request.messages.map(\.role) == ["system", "user", "assistant", "tool", "assistant"])
    #expect(request.messages.map { $0.content?.string } == ["Be brief.", "hi", nil, "42", nil])
    #expect(request.messages[3].toolCallID == "c")
  }
}
