import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct LogOutputTests {
  @Test(arguments: [
    (
      Configuration.LogFormat.json,
      #"{"time":"1970-01-01T00:00:01.005Z","level":"warning","message":"a \"b\"\n","k":"v\u001b"}"#
    ),
    (Configuration.LogFormat.text, #"1970-01-01 00:00:01.005Z WARNING a "b"  k=v\#u{1B}"#),
  ])
  func `a line stays one line`(_ format: Configuration.LogFormat, _ expected: String) {
    var line: [UInt8] = []
    LogLine.append(
      to: &line, format, level: .warning, message: "a \"b\"\n", fields: [("k", "v\u{1B}")],
      time: LogTime(seconds: 1, milliseconds: 5))
    let text = String(decoding: line, as: UTF8.self)
    #expect(text.dropLast().contains("\n") == false)
    if format == .json { #expect(text == expected + "\n") } else { #expect(text.contains("WARNING a \"b\"  k=")) }
  }

  @Test func `no line is lost, whoever writes`() async throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "log")
    let file = open(folder.path("log"), O_WRONLY | O_APPEND)
    defer { close(file) }
    let output = LogOutput(descriptor: file, format: .json)
    let log = output.log(level: .info)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for line in 0..<500 { log.info("line", ["task": String(task), "line": String(line)]) }
          log.debug("never")
        }
      }
    }
    output.flush()
    let lines = try folder.text(of: "log").split(separator: "\n")
    #expect(lines.count == 4000)
    #expect(Set(lines.map { $0.drop { $0 != "," } }).count == 4000)
  }
}
