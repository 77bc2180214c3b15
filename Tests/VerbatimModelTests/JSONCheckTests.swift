import Testing

@testable import VerbatimModel

@Suite struct JSONCheckTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-0", "12", "-12.5", "1e5", "1E+5", "1.5e-10", "\"\"", "[]", "{}", "[ ]", "{ }",
    " \t\r\n[1]\n", "[1,2,3]", "[[],[[]],{}]", #"{"a":1}"#, #"{"":0}"#, #"{"a":1,"a":2}"#, #"{ "a" : [ 1 , 2 ] }"#,
    #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e9\uABCD""#, #""\u0000""#, #""\ud83d\ude00""#, #""\ud800""#, #""\udc00x""#,
    #""\ud800\ud800\udc00""#, "\"\u{7f}\u{2028}\u{ffff}\u{10ffff}\"", "\"你好 😀\"", "1e400", "-1e-400",
    "123456789012345678901234567890", "0.000000000000000000000000000000000000000001", #"["","\\"]"#,
  ])
  func `RFC 8259 documents pass`(text: String) throws {
    #expect(throws: Never.self) { try JSONSlice(checking: Bytes(utf8: text)) }
  }

  @Test func `White space around a document is not part of its value`() throws {
    #expect(try JSONSlice(checking: Bytes(utf8: " \t\r\n[1, 2]\r\n")).bytes.string == "[1, 2]")
  }

  @Test(arguments: [
    ("", 0), (" ", 1), ("\u{feff}1", 0), ("tru", 0), ("truE", 0), ("nul", 0), ("True", 0), ("NaN", 0), ("Infinity", 0),
    ("-Infinity", 1), ("01", 1), ("01x", 1), ("-", 1), ("+1", 0), (".5", 0), ("1.", 2), ("1.e5", 2), ("1e", 2),
    ("1e+", 3), ("0x10", 1), ("1_000", 1), ("1 2", 2), ("'a'", 0), ("\"", 1), ("\"a", 2), (#""\"#, 1), (#""\q""#, 1),
    (#""\x41""#, 1), (#""\u12""#, 1), (#""\u12g4""#, 1), (#""\U0041""#, 1), ("\"\u{0}\"", 1), ("\"a\nb\"", 2),
    ("\"a\tb\"", 2), ("\"\u{1f}\"", 1), ("[", 1), ("]", 0), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[,1]", 1),
    ("[1,,2]", 3), ("[1 2]", 3), ("[1}", 2), ("{", 1), ("}", 0), (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1"#, 6),
    (#"{"a":1,}"#, 7), (#"{"a":1]"#, 6), ("{a:1}", 1), ("{1:1}", 1), (#"{"a" 1}"#, 5), (#"{"a":1 "b":2}"#, 7),
    (#"{"a":1,,"b":2}"#, 7), ("[1]]", 3), ("{}x", 2), ("// c\n1", 0), ("1 // c", 2), ("[1]\u{0}", 3),
    ("\u{a0}1", 0), ("[\u{c}1]", 1), (#"{"a":"b":"c"}"#, 8), ("[true false]", 6), ("[nullnull]", 5), ("--1", 1),
  ])
  func `Anything else is refused where it goes wrong`(text: String, offset: Int) {
    #expect { try JSONSlice(checking: Bytes(utf8: text)) } throws: { ($0 as? JSONError)?.offset == offset }
  }

  @Test(
    arguments: [
      [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe4, 0xbd, 0x22],
      [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x80, 0x22], [0x22, 0xf8, 0x88, 0x80, 0x80, 0x80, 0x22],
    ] as [[UInt8]])
  func `Ill-formed UTF-8 is refused`(bytes: [UInt8]) {
    #expect(throws: JSONError(offset: 1, reason: "ill-formed UTF-8")) { try JSONSlice(checking: bytes[...]) }
  }

  @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
  func `Depth is bounded`(opening: String, closing: String) throws {
    func nested(_ depth: Int) -> Bytes {
      Bytes(utf8: String(repeating: opening, count: depth - 1) + "[]" + String(repeating: closing, count: depth - 1))
    }
    _ = try JSONSlice(checking: nested(512))
    #expect(throws: JSONError.self) { try JSONSlice(checking: nested(513)) }
    #expect(throws: JSONError.self) { try JSONSlice(checking: nested(100_000), maximumDepth: .max) }
  }

  @Test func `A fault behind many blocks of text is found where it is`() {
    for length in 0..<70 {
      let text = "[\"" + String(repeating: "x", count: length) + "\u{1}\"]"
      #expect { try JSONSlice(checking: Bytes(utf8: text)) } throws: { ($0 as? JSONError)?.offset == length + 2 }
    }
  }

  @Test func `No mutation of a document reads outside it, and walks agree with the check`() throws {
    let seed = Array(#"{"a":[1,-2.5e3,"\u00e9\ud83d\ude00 text"],"b":{"c":null,"d":[true,false,{}]},"e":"\\\""}"#.utf8)
    let alphabet = Array(#"{}[]",:\u0019.eE-+ tfn"#.utf8) + [0x00, 0x0a, 0x80, 0xff]
    var random = SplitMix64(state: 20250115)
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = alphabet.randomElement(using: &random) ?? 0
        case 1: bytes.remove(at: at)
        default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: at)
        }
      }
      JSONValue.walk(JSONSlice(trusting: bytes[...]))
      guard let slice = try? JSONSlice(checking: bytes[...]) else { continue }
      accepted += 1
      var writer = JSONWriter()
      JSONValue(slice).write(to: &writer)
      #expect(try JSONValue(JSONSlice(checking: writer.bytes[...])) == JSONValue(slice))
    }
    #expect(accepted > 1000)
  }
}
