import Testing
import VerbatimModel

@testable import Providers

@Suite struct ConversationItemTests {
  private static func text(_ item: ConversationItem) -> String {
    var json = JSONWriter()
    item.write(id: "i", to: &json)
    return Bytes(json.bytes).string
  }

  private func items(_ message: String) throws -> [String] {
    let message = try #require(Message(json: JSONSlice(checking: Bytes(utf8: message))))
    return ConversationItem.items(of: message).map(Self.text)
  }

  @Test func `messages of chat completions become items`() throws {
    #expect(
      try items(#"{"role":"user","content":"Hi \ud83d"}"#) == [
        #"{"id":"i","type":"message","role":"user","content":[{"type":"input_text","text":"Hi �"}],"status":"completed"}"#
      ])
    #expect(
      try items(
        #"{"role":"assistant","content":"Look","refusal":"no","reasoning_content":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"custom","custom":{"name":"g","input":"x"}}]}"#
      ) == [
        #"{"id":"i","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}"#,
        #"{"id":"i","type":"message","role":"assistant","content":[{"type":"output_text","text":"Look","annotations":[]},{"type":"refusal","refusal":"no"}],"status":"completed"}"#,
        #"{"id":"i","type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}","status":"completed"}"#,
        #"{"id":"i","type":"custom_tool_call","call_id":"c2","name":"g","input":"x"}"#,
      ])
    #expect(
      try items(#"{"role":"tool","tool_call_id":"c1","content":"17"}"#) == [
        #"{"id":"i","type":"function_call_output","call_id":"c1","output":"17","status":"completed"}"#
      ])
    #expect(
      try items(
        #"{"role":"user","content":[{"type":"text","text":"?"},{"type":"image_url","image_url":{"url":"https://x/y.png"}},{"type":"input_audio","input_audio":{"data":"AA"}},{"type":"file","file":{"file_id":"f"}}]}"#
      ) == [
        #"{"id":"i","type":"message","role":"user","content":[{"type":"input_text","text":"?"},{"type":"input_image","detail":"auto","image_url":"https://x/y.png"},{"type":"text","text":"{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA\"}}"},{"type":"input_file","file_id":"f"}],"status":"completed"}"#
      ])
    #expect(
      try items(#"{"role":"assistant","content":null}"#) == [
        #"{"id":"i","type":"message","role":"assistant","content":[],"status":"completed"}"#
      ])
  }

  @Test func `Anthropic's parts become items`() throws {
    #expect(
      try items(
        #"{"role":"assistant","content":[{"type":"text","text":"So"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]}"#
      ) == [
        #"{"id":"i","type":"message","role":"assistant","content":[{"type":"output_text","text":"So","annotations":[]}],"status":"completed"}"#,
        #"{"id":"i","type":"function_call","call_id":"t","name":"f","arguments":"{\"a\":1}","status":"completed"}"#,
      ])
    #expect(
      try items(
        #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"17"},{"type":"tool_result","tool_use_id":"u","content":[{"type":"text","text":"18"}]}]}"#
      ) == [
        #"{"id":"i","type":"function_call_output","call_id":"t","output":"17","status":"completed"}"#,
        #"{"id":"i","type":"function_call_output","call_id":"u","output":[{"type":"input_text","text":"18"}],"status":"completed"}"#,
      ])
    #expect(
      try items(
        #"{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]}"#
      ) == [
        #"{"id":"i","type":"message","role":"user","content":[{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,AA=="}],"status":"completed"}"#
      ])
  }

  @Test func `items of responses stay what they are, under ids of ours`() throws {
    let sent =
      #"[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},"#
      + #"{"type":"message","id":"msg_1","role":"assistant","status":"incomplete","phase":"commentary","content":["#
      + #"{"type":"output_text","text":"Hi"}]}]"#
    let message = Message(role: "assistant", content: Bytes(utf8: "Hi"), contentKind: .text)
    #expect(
      ConversationItem.items(of: message, output: Bytes(utf8: sent)).map(Self.text) == [
        #"{"id":"i","type":"reasoning","summary":[],"encrypted_content":"x","status":"completed"}"#,
        #"{"id":"i","type":"message","status":"incomplete","phase":"commentary","role":"assistant","content":["#
          + #"{"type":"output_text","text":"Hi","annotations":[]}]}"#,
      ])
    let call = #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}","status":null}"#
    let kept = try #require(Message(responseItem: JSONSlice(checking: Bytes(utf8: call))))
    #expect(
      ConversationItem.items(of: kept).map(Self.text) == [
        #"{"id":"i","type":"function_call","call_id":"c","name":"f","arguments":"{}","status":"completed"}"#
      ])
  }

  @Test func `an item's id leads back to its message and place`() throws {
    let message = try #require(UUIDv7("0190163d-8694-739b-aea5-966c26f8ad91"))
    let item = ConversationItem(JSONSlice(trusting: Bytes(utf8: #"{"type":"function_call_output"}"#)))
    #expect(ItemID(message: message, place: 0).text(for: item) == "fco_0190163d8694739baea5966c26f8ad91")
    for place in [0, 1, 12] {
      let id = ItemID(message: message, place: place)
      #expect(ItemID(id.text(for: item)) == id)
    }
    for wrong in [
      "", "msg", "msg_", "msg_1", "0190163d8694739baea5966c26f8ad91", "msg_0190163d8694739baea5966c26f8ad9g",
      "msg_0190163d8694739baea5966c26f8ad91_0", "msg_0190163d8694739baea5966c26f8ad91_x",
      "msg_0190163d8694739baea5966c26f8ad91_1_1", "msg_0190163d-8694-739b-aea5-966c26f8ad",
    ] {
      #expect(ItemID(wrong) == nil, "\(wrong)")
    }
  }

  @Test(arguments: [
    (#"{}"#, "items must be a JSON array"),
    (#"[1]"#, "items[0] must be a JSON object"),
    (#"[{"role":"user","content":"a"},{"role":"robot","content":"a"}]"#, "items[1].role must be one of"),
    (#"[{"role":"user"}]"#, "items[0].content must be a text or a list of parts"),
    (#"[{"role":"user","content":["a"]}]"#, "items[0].content must be a list of objects with a type"),
    (#"[{"type":"function_call","name":"f","arguments":"{}"}]"#, "items[0].call_id must be a text"),
    (#"[{"type":"function_call_output","call_id":"c"}]"#, "items[0].output must be a text or a list of parts"),
    (#"[{"type":"item_reference","id":"msg_1"}]"#, "items[0] is a reference"),
    (#"[{"type":7}]"#, "items[0].type must be the name of a type"),
    ("[" + Array(repeating: #"{"role":"user","content":"a"}"#, count: 21).joined(separator: ",") + "]", "more than 20"),
  ])
  func `what is no item is refused by the name of its field`(items: String, message: String) throws {
    let items = try JSONSlice(checking: Bytes(utf8: items))
    let error = #expect(throws: InvalidExchange.self) { try NewItems.messages(items) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}
