import Testing

@testable import VerbatimModel

@Suite struct JSONWriterTests {
  private func written(_ write: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    write(&writer)
    return writer.bytes[...].string
  }

  @Test func `Commas come by themselves`() {
    let text = written { writer in
      writer.beginObject()
      writer.key("a")
      writer.beginArray()
      writer.integer(1)
      writer.beginObject()
      writer.endObject()
      writer.beginArray()
      writer.endArray()
      writer.null()
      writer.endArray()
      writer.key("b")
      writer.boolean(true)
      writer.key(text: "\"c")
      writer.raw(Bytes(utf8: "1e400"))
      writer.field(key: Bytes(utf8: "\"d\""), Bytes(utf8: "0"))
      writer.key("e")
      writer.string("f")
      writer.endObject()
    }
    #expect(text == #"{"a":[1,{},[],null],"b":true,"\"c":1e400,"d":0,"e":"f"}"#)
  }

  @Test func `Only what has to be escaped is escaped`() {
    let text = "\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f} \"\\/\u{7f}\u{2028}é你😀"
    let expected = #""\u0000\b\t\n\u000b\f\r\u001f \"\\/"# + "\u{7f}\u{2028}é你😀\""
    #expect(written { $0.string(text) } == expected)
    #expect(written { $0.string(Bytes(utf8: text)) } == expected)
  }

  @Test func `Escapes are found at every place of a block`() throws {
    for length in 0..<40 {
      let text = String(repeating: "x", count: length) + "\n" + String(repeating: "y", count: 40 - length) + "\""
      let json = written { $0.string(text) }
      #expect(try JSONSlice(checking: Bytes(utf8: json)).string?.string == text)
    }
  }

  @Test func `Ill-formed text is mended`() {
    #expect(written { $0.string([0x61, 0xff, 0x62][...]) } == "\"a\u{fffd}b\"")
  }

  @Test(arguments: [0, -0.0, 0.1, 1e21, -1.5e-9, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 100])
  func `Doubles come back the same`(value: Double) throws {
    let json = written { $0.double(value) }
    #expect(try JSONSlice(checking: Bytes(utf8: json)).double == value)
  }

  @Test(arguments: 0...70)
  func `What needs an escape is found at every place`(_ length: Int) {
    for place in 0..<length {
      for special in ["\"", "\\", "\u{1f}", "\n"] {
        var text: [String] = Array(repeating: "é", count: length)
        text[place] = special
        let escaped: [String] = text.map { ["\"": #"\""#, "\\": #"\\"#, "\u{1f}": #"\u001f"#, "\n": #"\n"#][$0] ?? $0 }
        #expect(written { $0.string(text.joined()) } == "\"\(escaped.joined())\"")
        #expect(written { $0.string(Bytes(utf8: text.joined())) } == "\"\(escaped.joined())\"")
      }
    }
  }

  @Test func `What JSON cannot say is null`() {
    #expect(written { $0.double(.nan) } == "null")
    #expect(written { $0.double(-.infinity) } == "null")
    #expect(written { $0.string(orNull: nil) } == "null")
  }

  @Test func `Whole numbers, ids and moments have their forms`() {
    #expect(written { $0.integer(Int64.min) } == "-9223372036854775808")
    #expect(written { $0.timestamp(1_736_937_000_000) } == "\"2025-01-15T10:30:00.000Z\"")
    #expect(written { $0.uuid(.lowest(at: 0)) } == "\"00000000-0000-7000-8000-000000000000\"")
  }

  @Test func `Lines need no commas of their own`() {
    var writer = JSONWriter()
    writer.integer(1)
    writer.endLine()
    writer.beginArray()
    writer.integer(2)
    writer.integer(3)
    writer.endArray()
    #expect(writer.bytes[...].string == "1\n[2,3]")
  }
}
