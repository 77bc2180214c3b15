import Testing

@testable import HTTP

struct QueryStringTests {
  @Test(arguments: [
    ("limit=25", "limit", "25"),
    ("a=1&limit=25&b=2", "limit", "25"),
    ("limit=1&limit=2", "limit", "2"),
    ("limit", "limit", ""),
    ("limit=", "limit", ""),
    ("q=a=b", "q", "a=b"),
    ("q=a+b%2Bc", "q", "a b+c"),
    ("q=%E5%A4%A9+%F0%9F%98%80", "q", "天 😀"),
    ("metadata%5Bk%5D=v", "metadata[k]", "v"),
    ("q=%00", "q", "\0"),
    ("q=100%", "q", "100%"),
    ("q=%zz%4", "q", "%zz%4"),
    ("q=%ff", "q", "\u{FFFD}"),
    ("&&q=1&&", "q", "1"),
    ("=1", "", "1"),
  ])
  func `a parameter is decoded as a form's`(query: String, name: String, expected: String) {
    #expect(QueryString.value(of: name, in: query) == expected)
    #expect(HTTPRequest(method: "GET", path: "/", query: query).queryParameter(name) == expected)
  }

  @Test(arguments: [nil, "", "&", "limits=1", "Limit=1", "limi=t", "a=limit=1"])
  func `a name that is not there has no value`(query: String?) {
    #expect(QueryString.value(of: "limit", in: query) == nil)
  }
}
