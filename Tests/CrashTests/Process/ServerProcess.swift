import Foundation
import Glibc

/// A `verbatim serve` of the build under test, on a free port of the loopback address.
final class ServerProcess: Sendable {
  let process: ChildProcess
  let port: UInt16

  /// Returns when the server listens. `wrapper` is a command that runs the server in its own process (such as
  /// `prlimit`), so that the process identifier stays the server's.
  init(database: String, wrapper: [String] = [], settings: [String: String] = [:]) throws {
    process = try ChildProcess(
      wrapper + [Self.binary, "serve", "--port", "0", "--database", database, "--log-level", "warning"],
      environment: settings)
    while true {
      guard let line = process.nextOutputLine() else {
        throw ServerFailure("the server ended before it listened: \(process.waitForExit()), \(process.errorOutput)")
      }
      if let address = line.split(separator: " ").last(where: { $0.hasPrefix("http://") }),
        let port = address.split(separator: ":").last.flatMap({ UInt16($0.filter(\.isNumber)) })
      {
        self.port = port
        return
      }
    }
  }

  /// A server that a failed test left running does not outlive it.
  deinit { process.signal(SIGKILL) }

  /// Ends the server as an operator does, and gives how it ended.
  func stop() -> ChildProcess.Ending {
    process.signal(SIGTERM)
    return process.waitForExit()
  }

  /// The `verbatim` that was built beside these tests.
  static let binary: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("verbatim").path
  }()

  /// Runs another command of `verbatim` to its end.
  static func run(
    _ arguments: [String], wrapper: [String] = []
  ) throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
    let process = try ChildProcess(wrapper + [binary] + arguments)
    var output = ""
    while let line = process.nextOutputLine() { output += line + "\n" }
    return (process.waitForExit(), output, process.errorOutput)
  }
}

struct ServerFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
