import Testing

@testable import VerbatimModel

@Suite struct KeptRequestTests {
  private static let long = #"["\#(String(repeating: "x", count: 200))", 1.0]"#
  private let first = UUIDv7(high: 0x0199_0000_0000_7000, low: 0x8000_0000_0000_0001)
  private let second = UUIDv7(high: 0x0199_0000_0000_7000, low: 0x8000_0000_0000_0002)

  private func kept(_ body: String) throws -> KeptRequest {
    let document = try JSONSlice(checking: Bytes(utf8: body))
    let array = try #require(document["messages"]?.bytes)
    return KeptRequest(body: document.bytes, messages: ("messages", array.startIndex + 1..<array.endIndex - 1))
  }

  @Test(arguments: [
    #"{"model":"m","messages":[1,2],"tools":LONG}"#, #"{ "tools" : LONG , "messages" : [ ] , "b" : LONG } "#,
    #"{"to\u006fls":LONG,"messages":[]}"#,
  ])
  func `what is borrowed comes back byte for byte`(_ template: String) throws {
    let body = template.replacing("LONG", with: Self.long)
    let lender = try kept(body)
    var borrower = try kept(body)
    borrower.clientHasGone = true
    borrower.borrow(lender.loans(of: first) { _ in nil })
    let stored = borrower.stored
    #expect(stored.count < lender.stored.count)
    #expect(stored.string.contains(first.description))

    let read = try #require(KeptRequest(stored: stored))
    #expect(read == borrower)
    let values = read.borrowed.keys.reduce(into: [:]) { values, name in values[name] = lender.value(of: name) }
    #expect(read.whole(values).body == lender.body)
    #expect(read.whole(values).clientHasGone)
  }

  @Test func `who borrows lends on what it borrowed, by the name of who holds it`() throws {
    let lender = try kept(#"{"messages":[],"tools":\#(Self.long)}"#)
    var next = try kept(#"{"messages":[],"tools":\#(Self.long),"more":\#(Self.long)}"#)
    next.borrow(lender.loans(of: first) { _ in nil })
    let loans = next.loans(of: second) { $0 == first ? lender : nil }
    #expect(loans.mapValues(\.lender) == ["tools": first, "more": second])
    #expect(loans["tools"]?.value.string == Self.long)
    #expect(next.loans(of: second) { _ in nil }.keys.sorted() == ["more"])
  }

  @Test(arguments: [
    #"{"messages":[],"tools":[1]}"#, #"{"messages":[],"tools":LONG,"tools":LONG}"#,
    #"{"messages":[],"other":LONG}"#, #"{"messages":[],"tools":"LONG"}"#,
  ])
  func `short, repeated and other values stay where they are`(_ template: String) throws {
    let lender = try kept(#"{"messages":[],"tools":\#(Self.long)}"#)
    let body = template.replacing("LONG", with: template.contains(#""LONG""#) ? "y" : Self.long)
    var borrower = try kept(body)
    borrower.borrow(lender.loans(of: first) { _ in nil })
    #expect(borrower == (try kept(body)))
  }

  @Test func `what nobody holds any more is null`() throws {
    let lender = try kept(#"{"messages":[],"tools":\#(Self.long)}"#)
    var borrower = lender
    borrower.borrow(lender.loans(of: first) { _ in nil })
    #expect(borrower.whole([:]).body.string == #"{"messages":[],"tools":null}"#)
  }

  @Test(arguments: [
    #"{"_verbatim":{"layout":{"leading":-1}}}"#, #"{"x":1,"_verbatim":{"x":1}}"#, #"{ "_verbatim" : {} }"#,
    #"{"message":12,"_verbatim":{"emptied":"message"}}"#, #"{"_verb\u0061tim":{"answer":{}}}"#,
    #"{"x":"}","_verbatim":null}"#, #"{"_verbatim":{},"_verbatim":null}"#, #"{"_verbatim":"_verbatim"}"#,
    #"{"_verbatim":{},"x":1}"#, #"{"x":{"y":1,"_verbatim":null}}"#, "{}",
  ])
  func `fields of anybody's come back and are no request of the gateway`(_ json: String) throws {
    let object = Bytes(utf8: json)
    let stored = KeptRequest.stored(foreign: object)
    _ = try JSONSlice(checking: stored)
    #expect(KeptRequest(stored: stored) == nil)
    #expect(KeptRequest.foreign(stored: stored) == object)
    #expect(KeptRequest.stored(exported: stored) == stored)
  }

  @Test(arguments: [
    #"{"layout":{"leading":-1}}"#, #"{"layout":{"leading":"1"}}"#, #"{"layout":{"gaps":["x"]}}"#,
    #"{"layout":{"gaps":["",",,",""]}}"#, #"{"layout":{"gaps":[1]}}"#, #"{"layout":{"as":[[0]]}}"#,
    #"{"layout":{"as":[[-1,{}]]}}"#, #"{"layout":{"as":[[0,[]]]}}"#, #"{"layout":{"as":[[0,{"content":1},1]]}}"#,
    #"{"layout":{"as":[[0,{"content":0},8]]}}"#, #"{"layout":{"x":1}}"#, #"{"answer":1}"#, #"{"sent":[]}"#,
    #"{"emptied":"nothing"}"#, #"{"emptied":"message"}"#, #"{"emptied":"model"}"#, #"{"x":1}"#,
    #"{"same":{"model":"01990000-0000-7000-8000-000000000001"}}"#, #"{"client_gone":false}"#, #"{"whole":false}"#,
  ])
  func `what the gateway cannot have written is not taken for its own`(_ own: String) throws {
    let request = try JSONSlice(checking: Bytes(utf8: #"{"model":"m","message":12,"messages":[],"_verbatim":\#(own)}"#))
      .bytes
    let stored = KeptRequest.stored(exported: request)
    #expect(KeptRequest(stored: stored) == nil)
    #expect(KeptRequest.foreign(stored: stored) == request)
  }

  @Test(arguments: [
    "{}", #"{"whole":true}"#, #"{"emptied":"input"}"#, #"{"emptied":"message"}"#, #"{"answer":{"id":"x"}}"#,
    #"{"layout":{"leading":1,"gaps":[" ","\n, "," "],"as":[[0,{"content": 0,"tool_calls":0},6],[3,{}]]}}"#,
    #"{"whole":true,"answer":{},"layout":{"gaps":[" "]},"sent":{},"client_gone":true}"#,
  ])
  func `what the gateway wrote stays its own through an export`(_ own: String) throws {
    let json = #"{"messages":[] ,"input":[],"message":"","_verbatim":\#(own) }"#
    let request = try JSONSlice(checking: Bytes(utf8: json)).bytes
    #expect(KeptRequest.stored(exported: request) == request)
    #expect(KeptRequest(stored: request)?.stored == request)
  }
}
