import Testing
import VerbatimTesting

@testable import VerbatimServer

@Suite struct DocumentationTests {
  @Test func `every setting stands in the documentation as it is in the table`() throws {
    let text = try Fixtures.text(atPath: Fixtures.project + "/Documentation/configuration.md")
    for setting in Settings.all {
      let argument = setting.argument.map { "`\($0) \(setting.placeholder)`" } ?? ""
      let standard = setting.standard.isEmpty ? "" : "`\(setting.standard)`"
      let row = "| `\(setting.name)` | \(argument) | \(standard) | \(setting.help) |"
      #expect(text.contains(row), "documented as: \(row)")
    }
  }

  @Test func `the documentation names no setting that is not there`() throws {
    let text = try Fixtures.text(atPath: Fixtures.project + "/Documentation/configuration.md")
    let documented = text.split(separator: "\n").filter { $0.hasPrefix("| `") && $0.filter { $0 == "|" }.count == 5 }
      .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
    #expect(documented == Settings.all.map(\.name))
  }

  @Test func `every argument and name is there once`() {
    #expect(Set(Settings.all.map(\.name)).count == Settings.all.count)
    let arguments = Settings.all.compactMap(\.argument)
    #expect(Set(arguments).count == arguments.count)
  }

  @Test func `the OpenAPI document has the routes and no others`() async throws {
    let text = try Fixtures.text(atPath: Fixtures.project + "/openapi.yaml")
    var documented: Set<String> = []
    var path = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("components:") { break }
      if line.hasPrefix("  /"), line.hasSuffix(":") { path = String(line.dropFirst(2).dropLast()) }
      if line.hasPrefix("    "), !line.hasPrefix("     "), line.hasSuffix(":"), !path.isEmpty {
        documented.insert("\(line.dropFirst(4).dropLast().uppercased()) \(path)")
      }
    }
    let expected = documented
    try await TestAPI.with { api in
      #expect(Set(api.routes.map { "\($0.method) \($0.pattern)" }) == expected)
    }
  }
}
