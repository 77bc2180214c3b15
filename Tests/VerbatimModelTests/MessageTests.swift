import Testing

@testable import VerbatimModel

@Suite struct MessageTests {
  private func message(_ json: String) throws -> Message {
    try #require(Message(json: JSONSlice(checking: Bytes(utf8: json))))
  }

  private func written(_ message: Message) throws -> JSONValue {
    var writer = JSONWriter()
    writer.message(message)
    return JSONValue(try JSONSlice(checking: writer.bytes[...]))
  }

  @Test(arguments: [
    #"{"role":"user","content":"hi"}"#, #"{"content":"","role":"system"}"#,
    #"{"role":"user","content":"hi","name":"Ann"}"#,
    #"{ "role" : "assistant", "content" : null, "tool_calls" : [ {"id":"1", "n": 12345678901234567890123} ] }"#,
    #"{"role":"tool","content":"4","tool_call_id":"call_1"}"#, #"{"role":"user","content":"\u0041\ud83d\ude00\n"}"#,
    #"{"\u0072ole":"user","content":"x"}"#, #"{"role":"assistant","content":null}"#,
  ])
  func `What the columns describe is not kept twice`(json: String) throws {
    let message = try message(json)
    #expect(message.raw == nil)
    #expect(try written(message) == JSONValue(JSONSlice(checking: Bytes(utf8: json))))
  }

  @Test(
    arguments: [
      (#"{"role":"assistant"}"#, .none, nil), (#"{"role":"user","content":12}"#, .none, nil),
      (#"{"role":"user","content":{"text":"x"}}"#, .none, nil),
      (#"{"role":"user","content":"a\u0000b"}"#, .text, "a\u{fffd}b"),
      (#"{"role":"user","content":"\ud83d"}"#, .text, "\u{fffd}"),
      (#"{"role":"user","content":"a","name":null}"#, .text, "a"),
      (#"{"role":"user","content":"a","name":"\u0000"}"#, .text, "a"),
      (#"{"role":"user","content":"a","weight":1}"#, .text, "a"),
      (#"{"role":"assistant","content":null,"refusal":"no"}"#, .none, nil),
      (#"{"role":"assistant","content":"a","tool_calls":null}"#, .text, "a"),
      (#"{"role":"assistant","content":"a","tool_calls":{}}"#, .text, "a"),
      (#"{"role":"tool","content":"a","tool_call_id":7}"#, .text, "a"),
      (#"{"role":"user","content":"a","content":"b"}"#, .text, "b"),
      (
        #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}},{"text":"b"}]}"#,
        .parts, "a\nb"
      ),
      (#"{"role":"assistant","content":[{"type":"refusal","refusal":"no"}, "x"]}"#, .parts, "no\nx"),
      (#"{"role":"user","content":[]}"#, .parts, ""),
      (#"{"role":"assistant","function_call":{"name":"f","arguments":"{}"},"content":null}"#, .none, nil),
    ] as [(String, Message.ContentKind, String?)])
  func `Anything else is kept as it is`(json: String, kind: Message.ContentKind, text: String?) throws {
    let message = try message(json)
    #expect(message.raw?.string == json)
    #expect(message.contentKind == kind)
    #expect(message.content?.string == text)
    #expect(try written(message) == JSONValue(JSONSlice(checking: Bytes(utf8: json))))
  }

  @Test(arguments: [
    "[]", "1", "{}", #"{"role":null}"#, #"{"role":1,"content":"x"}"#, #"{"content":"x"}"#,
  ])
  func `No message is made of what has no role`(json: String) throws {
    #expect(try Message(json: JSONSlice(checking: Bytes(utf8: json))) == nil)
  }

  @Test func `Every message of random shape comes back as the same value`() throws {
    let values = [
      "null", "true", "0", "-12345678901234567890.5e7", #""""#, #""text""#, #""\u0000""#, #""\ud800x""#,
      #""\ud83d\ude00""#,
      "[]", #"[{"type":"text","text":"t"}]"#, "{}", #"{"a":[1,{"b":"\\"}]}"#, #""\u2028\/""#, #"[ 1 , 2 ]"#,
    ]
    let keys = [
      "role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio", "content", "", #"n\u0061me"#,
    ]
    var random = SplitMix64(state: 1)
    var whole = 0
    for _ in 0..<20_000 {
      var fields = [#""role":"user""#]
      for _ in 0..<Int.random(in: 0...5, using: &random) {
        let key = keys.randomElement(using: &random) ?? ""
        fields.append("\"\(key)\" : \(values.randomElement(using: &random) ?? "")")
      }
      fields.shuffle(using: &random)
      let json = "{" + fields.joined(separator: ",") + "}"
      let slice = try JSONSlice(checking: Bytes(utf8: json))
      guard let message = Message(json: slice) else { continue }
      if message.raw == nil { whole += 1 }
      #expect(try written(message) == JSONValue(slice), "\(json)")
    }
    #expect(whole > 100)
  }
}
