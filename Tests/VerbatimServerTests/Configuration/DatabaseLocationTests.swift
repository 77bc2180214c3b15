import Testing

@testable import VerbatimServer

@Suite struct DatabaseLocationTests {
  @Test(arguments: [
    ("local", "./data/verbatim.db"), ("sqlite:history.db", "history.db"),
    ("root:123456@tcp(mysql:3306)/new-api-mes", "mysql://root@mysql:3306/new-api-mes"),
    ("postgres://user:password@localhost/oneapi_messages", "postgres://user@localhost:5432/oneapi_messages"),
  ])
  func `a DSN leads to a database whose name has no password`(_ dsn: String, _ name: String) throws {
    #expect(try DatabaseLocation(dsn: dsn).name == name)
  }

  @Test func `only the standard file has its folder made`() throws {
    #expect(try DatabaseLocation(dsn: "local").isStandard)
    #expect(try !DatabaseLocation(dsn: "./data/verbatim.db").isStandard)
  }

  @Test func `what is wrong with a DSN is wrong with the setting`() throws {
    let error = try #require(throws: SettingError.self) { try DatabaseLocation(dsn: "redis://h/0") }
    #expect(error.problem.contains("engine"))
    #expect(error.allowed.contains("postgres://"))
  }
}
