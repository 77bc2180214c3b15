import Foundation

/// The real `verbatim`, run as a process of its own in a folder of its own, with none of this process's settings.
package final class SpawnedProcess: Sendable {
  package typealias Ending = ChildProcess.Ending

  private let process: ChildProcess
  private let folder: TemporaryFolder
  private let outputName: String

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
    if let input { try folder.write(input, to: outputName + ".in") }
    let inputPath = folder.path(outputName + ".in")
    let inputFile = try input.map { _ in try FileHandle(forReadingFrom: URL(fileURLWithPath: inputPath)) }
    let output = try Self.file(folder.path(outputName + ".out"))
    let errors = try Self.file(folder.path(outputName + ".err"))
    let own = ProcessInfo.processInfo.environment
    process = try withExtendedLifetime((inputFile, output, errors)) {
      try ChildProcess(
        executable.path, arguments,
        environment: own.filter { ["PATH", "HOME", "LD_LIBRARY_PATH"].contains($0.key) }
          .merging(environment) { _, given in given },
        folder: folder.path, input: inputFile?.fileDescriptor, output: output.fileDescriptor,
        errors: errors.fileDescriptor)
    }
  }

  package var processIdentifier: Int32 { process.processIdentifier }

  package var isRunning: Bool { process.isRunning }

  /// What it has written so far.
  package var standardOutput: String { (try? folder.text(of: outputName + ".out")) ?? "" }

  package var standardError: String { (try? folder.text(of: outputName + ".err")) ?? "" }

  package func send(_ signal: Int32) { process.send(signal) }

  /// Returns when the process has ended; may be called again.
  @discardableResult
  package func waitForEnding() async -> Ending { await process.waitForEnding() }

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
