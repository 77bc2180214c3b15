import Testing

@testable import VerbatimServer

@Suite struct DotEnvTests {
  @Test func `names, quotes and comments are read`() throws {
    let values = try DotEnv.parse(
      """
      # a comment
      API_PORT=10001

      export LOG_LEVEL = debug # not part of it
      CURRENCY="C \\"N\\" Y"
      SINGLE='as $it \\n is'
      EMPTY=
      URL=sqlite:///a#b.db
      MULTI="one
      two"
      """)
    #expect(values["API_PORT"] == "10001")
    #expect(values["LOG_LEVEL"] == "debug")
    #expect(values["CURRENCY"] == "C \"N\" Y")
    #expect(values["SINGLE"] == "as $it \\n is")
    #expect(values["EMPTY"] == "")
    #expect(values["URL"] == "sqlite:///a#b.db")
    #expect(values["MULTI"] == "one\ntwo")
  }

  @Test(arguments: [("A=1\nnonsense", 2), ("=x", 1), ("1A=x", 1), ("A=1\n\nB=\"open", 3)])
  func `a line that says nothing is named`(_ text: String, _ line: Int) throws {
    let error = try #require(throws: ConfigurationError.self) { try DotEnv.parse(text) }
    #expect(error.description.contains("line \(line)"))
  }
}
