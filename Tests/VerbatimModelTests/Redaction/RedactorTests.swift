import Testing

@testable import VerbatimModel

@Suite struct RedactorTests {
  private let redactor = Redactor()

  private func json(_ document: String) throws -> String {
    let redacted = redactor.json(Bytes(utf8: document))
    _ = try JSONSlice(checking: redacted)
    return redacted.string
  }

  @Test(arguments: [
    (#"{"a":"x alice@example.com y"}"#, #"{"a":"x [email] y"}"#),
    (#"{"a":"alice\u0040example.com"}"#, #"{"a":"[email]"}"#),
    (#"["\u0031\u00338\u00300138000"]"#, #"["[phone]"]"#),
    (
      #"["é\u00e9\ud83d\ude00 alice\u0040example.com \ud800\u0000\/é"]"#,
      #"["é\u00e9\ud83d\ude00 [email] \ud800\u0000\/é"]"#
    ),
    (#"["\ud83d\ude00alice@example.com\ud800"]"#, #"["\ud83d\ude00[email]\ud800"]"#),
    (#"["a\n13800138000\t"]"#, #"["a\n[phone]\t"]"#),
    (#"["\uFF11\uff13\uff18００１３８０００"]"#, #"["[phone]"]"#),
    (#"{ "alice@example.com" : 1 , "k" : [ true ] }"#, #"{ "[email]" : 1 , "k" : [ true ] }"#),
  ])
  func `escapes hide nothing, and what is beside a value keeps its own`(document: String, redacted: String) throws {
    #expect(try json(document) == redacted)
  }

  @Test(arguments: [
    (#"{"phone":13800138000}"#, #"{"phone":"[phone]"}"#),
    (#"[4111111111111111,1]"#, #"["[card]",1]"#),
    (
      #"[1748779200000,1.25e30,-7,12345678901234567890123456789]"#,
      #"[1748779200000,1.25e30,-7,12345678901234567890123456789]"#
    ),
  ])
  func `numbers that are a value become strings`(document: String, redacted: String) throws {
    #expect(try json(document) == redacted)
  }

  @Test func `JSON inside strings is looked at as JSON`() throws {
    let arguments = #"[{"function":{"arguments":"{\"to\":\"alice\\u0040example.com\",\"card\":4111111111111111}"}}]"#
    let expected = #"[{"function":{"arguments":"{\"to\":\"[email]\",\"card\":\"[card]\"}"}}]"#
    #expect(try json(arguments) == expected)
    #expect(redactor.text(#"{"to":"alice\u0040example.com"}"#) == #"{"to":"[email]"}"#)
    #expect(redactor.text("[call 13800138000]") == "[call [phone]]")
  }

  @Test func `nothing changes where there is nothing`() throws {
    let document = #"{"a" : "\u0041\/\ud800", "b":[1.0,1e2,"\\"], "a":null}"#
    #expect(try json(document) == document)
  }

  @Test func `hashes are equal for values that are equal`() {
    let hashing = Redactor { rule, value in rule + "/" + String(decoding: value, as: UTF8.self) }
    #expect(hashing.text("Alice@Example.com") == "[email:email/alice@example.com]")
    for number in ["13800138000", "138-0013-8000", "+86 138 0013 8000", "１３８００１３８０００"] {
      #expect(hashing.text(number) == "[phone:phone/13800138000]")
    }
    #expect(hashing.text("4111 1111 1111 1111") == "[card:card/4111111111111111]")
    #expect(hashing.text("11010519491231002X") == "[id_card:id_card/11010519491231002x]")
  }

  @Test func `own rules are found beside the built-in ones`() throws {
    let rules = try RedactionRule.parse(
      Bytes(
        utf8:
          #"[{"name":"employee","pattern":"\\bE\\d{6}\\b"},{"name":"project","pattern":"(?i)项目[a-z]+","replacement":"\"P\""}]"#
      ))
    let redactor = Redactor(rules: rules)
    #expect(redactor.text("E123456 E1234567 项目Apollo a@b.cn") == #"[employee] E1234567 "P" [email]"#)
    let redacted = redactor.json(Bytes(utf8: #"{"E123456":"\u0045123456","x":"项目Apollo"}"#)).string
    #expect(redacted == #"{"E123456":"[employee]","x":"\"P\""}"#)
    let numbers = try Redactor(rules: [RedactionRule(name: "room", pattern: "^[0-9]{4}$")])
    #expect(numbers.json(Bytes(utf8: "[1234,12345,1e3]")).string == #"["[room]",12345,1e3]"#)
  }

  @Test func `what an own rule has no time for is not kept`() throws {
    let rule = try RedactionRule(name: "slow", pattern: "a(.*b)?")
    let redactor = Redactor(rules: [rule], patience: .seconds(-1))
    #expect(redactor.text("xxaaa") == "[slow: not searched]")
    #expect(redactor.text("xxx") == "xxx")
  }

  @Test(arguments: [
    (#"{}"#, "it is not a JSON array of rules"), (#"[{"name":"a"}]"#, "a rule is not an object"),
    (#"[{"name":"a","pattern":"("}]"#, "the pattern of a is no regular expression of RE2"),
    (#"[{"name":"a","pattern":"x*"}]"#, "matches the empty text"),
    (#"[{"name":"A b","pattern":"x"}]"#, "the name"), (#"[{"name":"email","pattern":"x"}]"#, "is taken"),
    (#"[{"name":"a","pattern":"x","replacement":1}]"#, "the replacement of a is no string"), ("[", "it is not JSON"),
    (#"[{"name":"a","pattern":"(((a{1000}){1000}){1000})"}]"#, "the pattern of a"),
  ])
  func `a rule that cannot be used says why`(file: String, reason: String) throws {
    let fault = #expect(throws: RedactionRule.Fault.self) { try RedactionRule.parse(Bytes(utf8: file)) }
    #expect(try #require(fault).description.contains(reason))
  }
}
