import Testing

@testable import VerbatimModel

@Suite struct JSONStreamSplitterTests {
  /// Every event of a text that arrives in chunks of a size, as readable lines.
  private func events(
    _ text: String, _ format: JSONStreamSplitter.Format, chunk: Int = .max, maximumElementSize: Int = 100
  ) -> [String] {
    var splitter = JSONStreamSplitter(format, maximumElementSize: maximumElementSize)
    var found: [String] = []
    func drain() { while let event = splitter.next() { found.append(Self.description(event)) } }
    var rest = Bytes(utf8: text)
    while !rest.isEmpty {
      splitter.push(Array(rest.prefix(chunk)))
      rest = rest.dropFirst(chunk)
      drain()
    }
    splitter.finish()
    drain()
    drain()
    return found
  }

  private static func description(_ event: JSONStreamSplitter.Event) -> String {
    switch event {
    case .element(let bytes, let index, let line): "\(index)\(line.map { "@\($0)" } ?? ""): \(bytes.string)"
    case .oversized(let index, let line): "\(index)\(line.map { "@\($0)" } ?? "") oversized"
    case .malformed(let offset, let reason): "at \(offset): \(reason)"
    }
  }

  @Test(arguments: [
    ("[]", []), (" [ ] \n", []), ("\u{feff}[1]", ["0: 1"]), (#"[{"a":[1,"]"]}]"#, [#"0: {"a":[1,"]"]}"#]),
    (#" [ {"a":1} , [2] ,"x\"]" , tru , 12 ] "#, [#"0: {"a":1}"#, "1: [2]", #"2: "x\"]""#, "3: tru", "4: 12"]),
    (#"[{"a":"\\"},{"b":"你好 😀"}]"#, [#"0: {"a":"\\"}"#, #"1: {"b":"你好 😀"}"#]),
    ("", ["at 0: no value"]), ("  ", ["at 2: no value"]), ("{}", ["at 0: expected an array"]),
    ("[", ["at 1: ends early"]), ("[1", ["at 2: ends early"]), ("[{},", ["0: {}", "at 4: ends early"]),
    (#"[{"a":1},{"b":"#, [#"0: {"a":1}"#, "at 14: ends early"]), (#"[1,"ab"#, ["0: 1", "at 6: ends early"]),
    ("[1,,2]", ["0: 1", "at 3: not a value"]), ("[1,]", ["0: 1", "at 3: not a value"]), ("[,1]", ["at 1: not a value"]),
    ("[{}{}]", ["0: {}", "at 3: expected , or ]"]), ("[{} x]", ["0: {}", "at 4: expected , or ]"]),
    ("[1]]", ["0: 1", "at 3: bytes after the array"]), ("[1] x [2]", ["0: 1", "at 4: bytes after the array"]),
    ("[{}}]", ["0: {}", "at 3: expected , or ]"]), ("[\"a\nb\"]", ["at 3: broken value"]),
    (#"[{"a":"b},{"c":1}]"#, ["at 18: ends early"]), ("[\u{feff}]", ["at 1: not a value"]),
  ])
  func `An array gives its elements, then what breaks it`(text: String, expected: [String]) {
    for chunk in [Int.max, 1, 2, 3, 7] {
      #expect(events(text, .array, chunk: chunk) == expected, "in chunks of \(chunk)")
    }
  }

  @Test(arguments: [
    ("", []), ("\n\r\n \t\n", []), ("{}", ["0@1: {}"]), ("{}\n", ["0@1: {}"]), ("\u{feff}{}\r\n", ["0@1: {}"]),
    ("{\"a\":1}\r\n\r\n{\"b\":2}", ["0@1: {\"a\":1}", "1@3: {\"b\":2}"]), ("\n\n1\n 2 \n", ["0@3: 1", "1@4:  2 "]),
    ("{]\nnot json\n[1]\n", ["0@1: {]", "1@2: not json", "2@3: [1]"]), ("1\n\u{feff}2", ["0@1: 1", "1@2: \u{feff}2"]),
    ("{\"a\":\"\\n\"}\n{\"a\":\"你\"}", ["0@1: {\"a\":\"\\n\"}", "1@2: {\"a\":\"你\"}"]), ("\u{feff}", []),
  ])
  func `Lines are elements whatever they hold`(text: String, expected: [String]) {
    for chunk in [Int.max, 1, 2, 3, 7] {
      #expect(events(text, .lines, chunk: chunk) == expected, "in chunks of \(chunk)")
    }
  }

  @Test func `An element past the limit is left out, and those after it come`() {
    let large = "\"" + String(repeating: "x", count: 9) + "\""
    let fitting = "\"" + String(repeating: "x", count: 8) + "\""
    for chunk in [Int.max, 1, 4] {
      let array = events("[\(large),\(fitting),1]", .array, chunk: chunk, maximumElementSize: 10)
      #expect(array == ["0 oversized", "1: \(fitting)", "2: 1"])
      let lines = events("\(large)\n\(fitting)\n\(large)", .lines, chunk: chunk, maximumElementSize: 10)
      #expect(lines == ["0@1 oversized", "1@2: \(fitting)", "2@3 oversized"])
    }
  }

  @Test func `An element within one chunk is a slice of it`() {
    let chunk = Bytes(utf8: "[1, 234 ]")
    var splitter = JSONStreamSplitter(.array)
    splitter.push(chunk)
    #expect(splitter.next() == .element(chunk[1..<2], index: 0, line: nil))
    guard case .element(let bytes, 1, nil) = splitter.next() else {
      Issue.record("no second element")
      return
    }
    #expect(bytes.startIndex == 4)
  }

  @Test func `Nesting without end is broken, not followed`() {
    let found = events("[" + String(repeating: "[", count: 5000), .array, maximumElementSize: 10_000)
    #expect(found == ["at 4098: broken value"])
  }

  @Test func `Any split of any mutation gives what the whole gives`() {
    let seed = Array(#"[{"a":"x\"]"},{"b":[1,2]},"s",3]"#.utf8)
    var random = SplitMix64(state: 7)
    for _ in 0..<3000 {
      var bytes = seed
      for _ in 0..<2 {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        bytes[at] = Array(#"{}[]",\x1 "#.utf8 + [0x0a]).randomElement(using: &random) ?? 0
      }
      let text = String(decoding: bytes, as: UTF8.self)
      for format in [JSONStreamSplitter.Format.array, .lines] {
        let size = Int.random(in: 1...9, using: &random)
        #expect(events(text, format, chunk: size) == events(text, format))
      }
    }
  }
}
