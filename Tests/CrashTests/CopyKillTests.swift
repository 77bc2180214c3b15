import Foundation
import Glibc
import Testing
import VerbatimTesting

@Suite struct CopyKillTests {
  private static let exchanges = 3_000

  @Test func `a copy that is killed at any moment goes on`() async throws {
    let folder = try TemporaryFolder()
    let lines = (0..<Self.exchanges).map { number in
      #"{"app_id":"a","user_id":"u","conversation_id":"c-\#(number % 40)","client_message_id":"k-\#(number)","#
        + #""query":"question \#(number)","answer":"\#(String(repeating: "answer ", count: 40))"}"#
    }
    try folder.write(lines.joined(separator: "\n"), to: "lines.ndjson")
    let filled = try await SpawnedCommand.run(["import", "lines.ndjson", "--database", "source.db"], in: folder)
    #expect(filled.code == 0, "\(filled.errors)")

    for size in [1, 200_000, 800_000, 1_600_000] {
      let copy = try SpawnedProcess.start(["copy", "--from", "source.db", "--to", "target.db"], in: folder)
      while copy.isRunning, Self.size(of: folder.path("target.db-wal")) < size {
        try await Task.sleep(for: .milliseconds(1))
      }
      copy.send(SIGKILL)
      await copy.waitForEnding()
    }
    let copied = try await SpawnedCommand.run(["copy", "--from", "source.db", "--to", "target.db"], in: folder)
    #expect(copied.code == 0, "\(copied.errors)")
    #expect(copied.output.hasPrefix("conversation_histories: \(2 * Self.exchanges) rows"))
    let verified = try await SpawnedCommand.run(["verify", "--database", "target.db"], in: folder)
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
  }

  /// 0 for what is not there.
  private static func size(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }
}
