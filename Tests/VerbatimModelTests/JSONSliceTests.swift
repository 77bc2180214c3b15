import Testing

@testable import VerbatimModel

@Suite struct JSONSliceTests {
  private func slice(_ text: String) throws -> JSONSlice { try JSONSlice(checking: Bytes(utf8: text)) }

  @Test func `Fields come in order as their own bytes`() throws {
    let object = try slice(#" { "a" : 1.50 , "b":{"x": [ ]},"c" :"t\n" , "d":null } "#)
    #expect(object.fields.map { $0.key.text.string } == ["a", "b", "c", "d"])
    #expect(object.fields.map { $0.value.bytes.string } == ["1.50", #"{"x": [ ]}"#, #""t\n""#, "null"])
    #expect(object.fields.map { $0.value.kind } == [.number, .object, .string, .null])
  }

  @Test func `Elements come in order, and other kinds have neither fields nor elements`() throws {
    let array = try slice(#"[1,"]",{"a":"}"},[2,[3]],true]"#)
    #expect(array.elements.map { $0.bytes.string } == ["1", #""]""#, #"{"a":"}"}"#, "[2,[3]]", "true"])
    #expect(Array(array.fields.map { $0.key.text.string }).isEmpty)
    #expect(Array(try slice("1").elements.map { $0.bytes }).isEmpty)
    #expect(Array(try slice("{}").fields.map { $0.value.bytes }).isEmpty)
  }

  @Test func `Escaped keys match and the last of repeated keys counts`() throws {
    let object = try slice(#"{"\u0061pp_id":"one","app_id":"two","app\u005fid":"three"}"#)
    #expect(object["app_id"]?.string?.string == "three")
    #expect(object["app"] == nil)
  }

  @Test func `A string without escapes is a slice of the document`() throws {
    let document = Bytes(utf8: #"{"a":"plain 你好"}"#)
    let text = try #require(try JSONSlice(checking: document)["a"]?.string)
    #expect(text.bytes.startIndex == document.startIndex + 6)
    #expect(text.bytes.string == "plain 你好")
    #expect(text.isExact)
  }

  @Test(arguments: [
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t", true), (#""\u00e9\u4f60\ud83d\ude00""#, "é你😀", true),
    (#""a\u0000b""#, "a\u{fffd}b", false), (#""\ud800""#, "\u{fffd}", false),
    (#""\udc00\ud800""#, "\u{fffd}\u{fffd}", false),
    (#""\ud800\ud83d\ude00""#, "\u{fffd}😀", false), (#""\ud800\u0041""#, "\u{fffd}A", false),
    (#""\ud800\n""#, "\u{fffd}\n", false), (#""\ufffd""#, "\u{fffd}", true), (#""\\u0000""#, "\\u0000", true),
    (#""""#, "", true), (#""\uD83D\uDE00x""#, "😀x", true),
  ])
  func `Strings are unescaped, and say where text cannot hold them`(json: String, text: String, isExact: Bool) throws {
    let string = try #require(try slice(json).string)
    #expect(string.string == text)
    #expect(string.isExact == isExact)
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("12.0", 12), ("1e3", 1000), ("1.5e1", 15), ("1500e-2", 15),
      ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9223372036854775808", nil),
      ("-9223372036854775809", nil), ("1.5", nil), ("1e-1", nil), ("1e19", nil), ("1e18", 1_000_000_000_000_000_000),
      ("0e99999999999999999999", 0), ("1e99999999999999999999", nil), ("1e-99999999999999999999", nil),
      ("0.000", 0), ("10000000000000000000000e-20", 100), ("123456789012345678901234567890", nil),
      ("1e-9223372036854775808", nil), ("1e9223372036854775807", nil),
    ] as [(String, Int64?)])
  func `Integers are exact or none`(text: String, integer: Int64?) throws {
    #expect(try slice(text).integer == integer)
  }

  @Test func `Doubles are the nearest, and none where there is none`() throws {
    #expect(try slice("0.1").double == 0.1)
    #expect(try slice("-1.7976931348623157e308").double == -1.7976931348623157e308)
    #expect(try slice("5e-324").double == .leastNonzeroMagnitude)
    #expect(try slice("1e400").double == nil)
    #expect(try slice("\"1\"").double == nil)
  }

  @Test func `A string of many escapes and 10 MB is unescaped`() throws {
    let text = String(repeating: #"0123456789\u0041\n"#, count: 600_000)
    let string = try #require(try slice("\"" + text + "\"").string)
    #expect(string.bytes.count == 12 * 600_000)
    #expect(string.bytes.suffix(12).string == "0123456789A\n")
  }
}
