import Testing

@testable import VerbatimModel

@Suite struct SnippetTests {
  private func snippet(_ query: String, _ text: String) throws -> String {
    let bytes = Bytes(utf8: text)
    let match = try #require(SearchMatch(try SearchQuery(query), in: SearchText(bytes)))
    return Snippet.html(of: bytes, marking: match.ranges)
  }

  @Test(arguments: [
    ("天气", "今天天气好", "今天<mark>天气</mark>好"),
    ("b", "<a> & \"b\" 'c'", "&lt;a&gt; &amp; &quot;<mark>b</mark>&quot; &#39;c&#39;"),
    ("天气 天天", "今天天气", "今<mark>天天气</mark>"), ("full", "ＦＵＬＬ!", "<mark>ＦＵＬＬ</mark>!"),
    ("\"a b\"", "a, b a", "<mark>a, b</mark> a"), ("mark", "<mark>", "&lt;<mark>mark</mark>&gt;"),
  ])
  func `what was found is marked, the rest escaped`(query: String, text: String, expected: String) throws {
    #expect(try snippet(query, text) == expected)
  }

  @Test func `a long text is cut around the first place`() throws {
    let text = String(repeating: "前", count: 100) + "天气" + String(repeating: "后", count: 300)
    let expected =
      "…" + String(repeating: "前", count: 40) + "<mark>天气</mark>" + String(repeating: "后", count: 158) + "…"
    #expect(try snippet("天气", text) == expected)
  }

  @Test func `a slice of a buffer is as good as a whole one`() throws {
    let buffer = Array("天气 and 天气".utf8)
    let text = buffer[7...]
    let match = try #require(SearchMatch(try SearchQuery("天气"), in: SearchText(text)))
    #expect(Snippet.html(of: text, marking: match.ranges) == "and <mark>天气</mark>")
  }
}
