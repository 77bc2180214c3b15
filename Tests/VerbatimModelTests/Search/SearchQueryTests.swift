import Testing

@testable import VerbatimModel

@Suite struct SearchQueryTests {
  private func finds(_ query: String, _ text: String) throws -> Bool {
    SearchMatch(try SearchQuery(query), in: SearchText(Bytes(utf8: text))) != nil
  }

  @Test(arguments: [
    ("天气", "今天天气好", true), ("天气", "天，气", false), ("天气", "天 气", false), ("天", "今天", true),
    ("swift", "Swift 6", true), ("swif", "Swift 6", false), ("swif*", "Swift 6", true), ("ＳＷＩＦＴ", "swift", true),
    ("Swift并发", "学习Swift 并发编程", true), ("Swift并发", "并发 Swift", false), ("并发Swift", "并发 Swift", true),
    ("\"hello world\"", "Hello, world!", true), ("\"hello world\"", "world hello", false),
    ("hello world", "world hello", true), ("hello -world", "hello there", true), ("hello -world", "hello world", false),
    ("hello -\"big world\"", "hello world big", true), ("hello -\"big world\"", "hello big world", false),
    ("“你好”", "你好吗", true), ("gpt-4", "GPT-4 is", true), ("gpt-4", "gpt 5 4", false), ("臺灣", "台湾", true),
    ("\"你好 世界\"", "你好，世界", true), ("你好世界", "你好，世界", false), ("天气*", "天气好", true),
    ("hello -天", "hello 今天", false), ("a－b", "a b", true), ("－a b", "b a", false), ("ab*", "xab", false),
    ("\"hello wor*\"", "hello world", true), ("swift\u{3000}并发", "并发的 swift", true),
  ])
  func `a query finds what it says`(query: String, text: String, isFound: Bool) throws {
    #expect(try finds(query, text) == isFound)
  }

  @Test(arguments: [
    ("", "has no word to look for"), (" !? ", "has no word to look for"),
    ("-a", "only says what must not be there; name a word to look for as well"),
    ("\"open", "opens a quote that it does not close"),
    (String(repeating: "a", count: 501), "is longer than 500 characters"),
    (String(repeating: "a ", count: 17), "has more than 16 words and phrases"),
    (String(repeating: "天", count: 65), "has more than 64 words and characters"),
  ])
  func `what is no query is refused with the reason`(text: String, reason: String) {
    #expect(throws: SearchQuery.Fault(description: reason)) { try SearchQuery(text) }
  }

  @Test func `required terms are pairs where there are, else characters and words`() throws {
    let terms: Set<RequiredTerm> = try SearchQuery("Swift并发编 的 app* -坏").requiredTerms
    let expected: [RequiredTerm] = [
      .term(Array("swift".utf8)), .term(Array("并发".utf8)), .term(Array("发编".utf8)), .term(Array("的".utf8)),
      .prefix(Array("app".utf8)),
    ]
    #expect(terms == Set(expected))
    #expect(try SearchQuery("a -坏 -\"b c\" -d*").excludedTerms == [Array("坏".utf8)])
  }

  @Test func `more of what is looked for ranks higher`() throws {
    let query = try SearchQuery("swift")
    let once = try #require(SearchMatch(query, in: SearchText(Bytes(utf8: "swift is a language"))))
    let twice = try #require(SearchMatch(query, in: SearchText(Bytes(utf8: "swift, a swift language"))))
    let lost = try #require(
      SearchMatch(query, in: SearchText(Bytes(utf8: "swift" + String(repeating: " word", count: 500)))))
    #expect(twice.score > once.score && once.score > lost.score)
  }
}
