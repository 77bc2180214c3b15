import Testing

@testable import VerbatimModel

@Suite struct SearchTextTests {
  private func tokens(_ text: String) -> [String] {
    let taken = SearchText(Bytes(utf8: text))
    return taken.tokens.map { taken.bytes[$0.bytes].string }
  }

  @Test(arguments: [
    ("Hello, World", ["hello", "world"]), ("今天天气", ["今", "天", "天", "气"]), ("Swift并发2", ["swift", "并", "发", "2"]),
    ("ＦＵＬＬ　ｗｉｄｔｈ１２", ["full", "width12"]), ("ｶﾞｷﾞ", ["ガ", "ギ"]), ("Straße ΣΑΣ", ["strasse", "σασ"]),
    ("ﬁle ½", ["file", "1", "2"]), ("學習臺灣", ["学", "习", "台", "湾"]), ("e\u{301}te\u{301}", ["été"]),
    ("한국어", ["한", "국", "어"]), ("\u{1112}\u{1161}\u{11AB}", ["한"]), ("soft\u{AD}ly", ["softly"]),
    ("gpt-4o_mini", ["gpt", "4o", "mini"]), ("हिन्दी", ["हिन्दी"]), ("", []), (" ，。!", []), ("🎉!", ["🎉"]),
    ("Привет МИР", ["привет", "мир"]),
  ])
  func `a text is taken apart into words and characters`(text: String, expected: [String]) {
    #expect(tokens(text) == expected)
  }

  @Test func `every token says where it stands in the text`() {
    let bytes = Array("Ｓwift　的 ﬁne e\u{301}t".utf8)
    let taken = SearchText(bytes[...])
    let sources: [String] = taken.tokens.map { bytes[$0.source].string }
    #expect(sources == ["Ｓwift", "的", "ﬁne", "e\u{301}t"])
  }

  @Test func `only what stands together is glued`() {
    let taken = SearchText(Bytes(utf8: "天气，好 a天b 天\u{200B}气"))
    #expect(taken.tokens.map(\.isGlued) == [false, true, false, false, true, true, false, true])
  }

  @Test func `bytes that are no UTF-8 separate words`() {
    let taken = SearchText([0x61, 0xFF, 0x62, 0xE5, 0xA4, 0x63, 0xF0, 0x9F][...])
    #expect(taken.tokens.map { taken.bytes[$0.bytes].string } == ["a", "b", "c"])
  }

  @Test func `terms are words, characters and pairs of characters`() {
    var terms: [String] = []
    SearchTerms.forEach(in: SearchText(Bytes(utf8: "Swift并发，好"))) { terms.append($0.string) }
    #expect(terms == ["swift", "并", "发", "并发", "好"])
  }
}
