import Foundation
import Synchronization

/// The real `verbatim`, run as a process of its own in a folder of its own, with none of this process's settings.
package final class SpawnedProcess: Sendable {
  package struct Ending: Sendable, Equatable {
    /// The exit code, or the number of the signal.
    package let code: Int32
    package let wasSignalled: Bool

    package static let cleanExit = Ending(code: 0, wasSignalled: false)
    package static let killed = Ending(code: SIGKILL, wasSignalled: true)

    package init(code: Int32, wasSignalled: Bool) {
      self.code = code
      self.wasSignalled = wasSignalled
    }
  }

  private let process: Process
  private let folder: TemporaryFolder
  private let outputName: String
  private let ending: AsyncStream<Ending>
  private let seen = Mutex<Ending?>(nil)

  package static func start(
    _ arguments: [String], executable: String? = nil, in folder: TemporaryFolder,
    environment: [String: String] = [:], input: String? = nil
  ) throws -> SpawnedProcess {
    try SpawnedProcess(executable.map { URL(fileURLWithPath: $0) } ?? binary(), arguments, folder, environment, input)
  }

  private init(
    _ executable: URL, _ arguments: [String], _ folder: TemporaryFolder, _ environment: [String: String],
    _ input: String?
  ) throws {
    self.folder = folder
    outputName = "output-\(UUID().uuidString)"
    let (ending, continuation) = AsyncStream.makeStream(of: Ending.self)
    self.ending = ending
    let process = Process()
    self.process = process
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    let own = ProcessInfo.processInfo.environment
    process.environment = own.filter { ["PATH", "HOME", "LD_LIBRARY_PATH"].contains($0.key) }
      .merging(environment) { _, given in given }
    process.standardOutput = try Self.file(folder.path(outputName + ".out"))
    process.standardError = try Self.file(folder.path(outputName + ".err"))
    if let input {
      try folder.write(input, to: outputName + ".in")
      process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.path(outputName + ".in")))
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    process.terminationHandler = { process in
      continuation.yield(
        Ending(code: process.terminationStatus, wasSignalled: process.terminationReason == .uncaughtSignal))
      continuation.finish()
    }
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  package var processIdentifier: Int32 { process.processIdentifier }

  package var isRunning: Bool { process.isRunning }

  /// What it has written so far.
  package var standardOutput: String { (try? folder.text(of: outputName + ".out")) ?? "" }

  package var standardError: String { (try? folder.text(of: outputName + ".err")) ?? "" }

  package func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Returns when the process has ended; may be called again.
  @discardableResult
  package func waitForEnding() async -> Ending {
    if let known = seen.withLock({ $0 }) { return known }
    for await ending in ending {
      seen.withLock { $0 = ending }
      return ending
    }
    return seen.withLock { $0 } ?? Ending(code: -1, wasSignalled: false)
  }

  private static func file(_ path: String) throws -> FileHandle {
    try Data().write(to: URL(fileURLWithPath: path))
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  }

  /// `VERBATIM_BINARY`, or what was built beside the tests.
  package static func binary() throws -> URL {
    if let named = ProcessInfo.processInfo.environment["VERBATIM_BINARY"] { return URL(fileURLWithPath: named) }
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let binary = tests.deletingLastPathComponent().appendingPathComponent("verbatim")
    guard FileManager.default.isExecutableFile(atPath: binary.path) else {
      throw SpawnError("there is no \(binary.path); build it, or name it in VERBATIM_BINARY")
    }
    return binary
  }
}

package struct SpawnError: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// A command that is run to its end.
package enum SpawnedCommand {
  package struct Outcome: Sendable {
    package let code: Int32
    package let output: String
    package let errors: String
  }

  package static func run(
    _ arguments: [String], executable: String? = nil, in folder: TemporaryFolder,
    environment: [String: String] = [:], input: String? = nil
  ) async throws -> Outcome {
    let process = try SpawnedProcess.start(
      arguments, executable: executable, in: folder, environment: environment, input: input)
    let ending = await process.waitForEnding()
    return Outcome(code: ending.code, output: process.standardOutput, errors: process.standardError)
  }
}
