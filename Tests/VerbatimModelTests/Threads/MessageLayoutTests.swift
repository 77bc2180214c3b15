import Testing
import VerbatimModel

@Suite struct MessageLayoutTests {
  /// What is kept of an array's inside, and what comes back.
  private func roundTrip(
    _ inside: String, known: [String], leading: Int = 0
  ) throws -> (layout: String?, text: String) {
    let body = try JSONSlice(checking: Bytes(utf8: "[\(inside)]"))
    let elements = body.elements.map(\.bytes)
    let request = ThreadedRequest(
      call: "", messages: elements.compactMap { Message(json: JSONSlice(trusting: $0)) }, elements: elements,
      inside: body.bytes.dropFirst().dropLast())
    let known = known.map { Bytes(utf8: $0) }
    let layout = MessageLayout.layout(of: elements, gaps: request.gaps, known: known, leading: leading)
    if let layout { _ = try JSONSlice(checking: layout) }
    let kept = KeptLayout(layout)
    #expect(kept.leading == leading)
    return (layout?.string, kept.inside(elements: kept.elements(known: known)).string)
  }

  private static let hi = #"{"role":"user","content":"hi"}"#
  private static let calls =
    #"{"role":"assistant","content":null,"tool_calls":[{"id":"a","function":{"arguments":"{}"}}]}"#

  @Test func `what is written as it is known leaves nothing to keep`() throws {
    for count in 0...3 {
      let known = Array(repeating: Self.hi, count: count)
      let (layout, text) = try roundTrip(known.joined(separator: ","), known: known)
      #expect(layout == nil)
      #expect(text == known.joined(separator: ","))
    }
  }

  @Test(arguments: [" ", "\n{A}", "{A} ", " {A}, {A}", "{A},{A} ,\t{A}", "{A} , {A} , {A}", "{A},\n {A},\n {A}\n"])
  func `white space comes back`(pattern: String) throws {
    let inside = pattern.replacing("{A}", with: Self.hi)
    let known = Array(repeating: Self.hi, count: pattern.count { $0 == "A" })
    #expect(try roundTrip(inside, known: known).text == inside)
  }

  @Test(arguments: [
    (#"{"role": "user", "content": "hi"}"#, hi, #"{"as":[[0,{"role": "user", "content": 0},1]]}"#),
    (
      #"{"content":"\u4f60\ud83c\udf24","role":"user"}"#, #"{"role":"user","content":"你🌤"}"#,
      #"{"as":[[0,{"content":0,"role":"user"},4]]}"#
    ),
    (
      #"{"role":"assistant","tool_calls":[{"id":"a","function":{"arguments":"{}"}}]}"#, calls,
      #"{"as":[[0,{"role":"assistant","tool_calls":0},2]]}"#
    ),
    (#"{"role":"user","content":"\u0068i"}"#, hi, #"{"as":[[0,{"role":"user","content":"\u0068i"}]]}"#),
    (#"{"role":"user","content":0}"#, hi, #"{"as":[[0,{"role":"user","content":0}]]}"#),
  ])
  func `a message that is written otherwise is kept without what is known`(
    written: String, known: String, layout: String
  ) throws {
    let result = try roundTrip(written, known: [known])
    #expect(result.text == written)
    #expect(result.layout == layout)
  }

  @Test func `messages that are no elements are counted`() throws {
    let result = try roundTrip(Self.hi, known: [Self.hi], leading: 1)
    #expect(result.text == Self.hi)
    #expect(result.layout == #"{"leading":1}"#)
  }

  @Test(arguments: [
    #"{"leading":-1}"#, #"{"leading":-9223372036854775808}"#, #"{"leading":1e400}"#, #"{"leading":[1]}"#,
    #"{"gaps":[0,{},null,[],"",""]}"#, #"{"gaps":[]}"#, #"{"gaps":{}}"#,
    #"{"as":[[-1,{},7],[9223372036854775807,{},-1],[0,[],7],[0],[],0]}"#, #"{"as":[[0,{"content":0},-1]]}"#,
    "[]", "0", "\"\"",
  ])
  func `a layout that nobody can have written harms nothing`(_ layout: String) {
    let kept = KeptLayout(Bytes(utf8: layout))
    #expect(kept.leading == 0)
    let known = [Bytes(utf8: Self.hi), Bytes(utf8: Self.calls)]
    for count in 0...2 {
      let elements = kept.elements(known: Array(known.dropFirst(kept.leading).prefix(count)))
      #expect(elements.count == count)
      #expect(kept.inside(elements: elements).isEmpty == (count == 0))
    }
  }

  @Test(arguments: [
    #"{"role":"assistant","content":"0123456789 0123456789 0123456789","refusal":null}"#,
    #"{"role":"assistant","content":"0123456789 \u0030123456789 0123456789","refusal":null}"#,
    #"{"role":"assistant","content":"你好 你好 你好 你好 你好 \"你好\"","x":{"content":"y"}}"#,
    #"{"role":"assistant","content":"0123456789 0123456789 0123456789","content":"0123456789 0123456789 0123456789"}"#,
    #"{"x":0,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}],"content":null,"role":"assistant"}"#,
    #"{"role":"user","content":[{"type":"text","text":"0123456789 0123456789 0123456789"}]}"#,
  ])
  func `a message is stored without saying anything twice and comes back`(json: String) throws {
    let message = try #require(Message(json: JSONSlice(checking: Bytes(utf8: json))))
    let stored = message.compacted
    #expect(stored.expanded == message)
    #expect(stored.compacted == stored)
    #expect((stored.raw?.count ?? 0) <= (message.raw?.count ?? 0))
  }

  @Test func `an answer with a little more than its text takes little more room`() throws {
    let text = String(repeating: "word ", count: 100)
    let json = #"{"role":"assistant","content":"\#(text)","refusal":null,"annotations":[]}"#
    let message = try #require(Message(json: JSONSlice(checking: Bytes(utf8: json))))
    #expect(message.compacted.raw?.string == #"~1{"role":"assistant","content":0,"refusal":null,"annotations":[]}"#)
  }
}

@Suite struct MessageFormTests {
  private func form(_ json: String) throws -> [UInt8] {
    MessageForm.bytes(of: try #require(Message(json: JSONSlice(checking: Bytes(utf8: json)))))
  }

  @Test(arguments: [
    (#"{"role":"assistant","content":"hi"}"#, #"{"content":"hi","role":"assistant","refusal":null,"annotations":[]}"#),
    (#"{"role":"user","content":"hi"}"#, #"{"role":"user","content":[{"type":"text","text":"hi"}]}"#),
    (#"{"role":"user","content":"h\u0069"}"#, #"{"role":"user","content":"hi","tool_calls":[]}"#),
    (
      #"{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}"#,
      #"{"role":"user","content":"hi"}"#
    ),
    (
      #"{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
      #"{"role":"assistant","content":"","tool_calls":[{"index":0,"function":{"arguments":"{}","name":"f"},"id":"a"}]}"#
    ),
    (
      #"{"role":"assistant","content":[{"type":"thinking","thinking":"x"},{"type":"tool_use","id":"a","input":{"x":1,"y":2}}]}"#,
      #"{"role":"assistant","content":[{"id":"a","type":"tool_use","input":{"y":2,"x":1}}]}"#
    ),
  ])
  func `what says the same has the same form`(left: String, right: String) throws {
    #expect(try form(left) == form(right))
  }

  @Test func `what says something else has another form`() throws {
    let messages = [
      #"{"role":"user","content":"hi"}"#, #"{"role":"user","content":"hi "}"#, #"{"role":"system","content":"hi"}"#,
      #"{"role":"user","name":"hi","content":""}"#, #"{"role":"tool","tool_call_id":"hi","content":""}"#,
      #"{"role":"user","content":[{"type":"text","text":"h"},{"type":"text","text":"i"}]}"#,
      #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"hi"}}]}"#,
      #"{"role":"user","content":"","tool_calls":[{"id":"hi"}]}"#,
      #"{"role":"user","content":"","tool_calls":[{"function":{"name":"hi"}}]}"#,
      #"{"role":"user","content":"","function_call":{"name":"hi"}}"#,
    ]
    let forms = try messages.map(form)
    #expect(Set(forms).count == messages.count)
  }
}
