import Foundation
import Glibc
import Synchronization
import Testing
import VerbatimTesting

extension CrashTests {
  @Suite struct FullDiskTests {
    /// Needs no privileges: the limit on a file's size stands in for the disk.
    @Test func `a file that may grow no further refuses records until it may again`() async throws {
      let audit = Audit(Ledger(), in: try TemporaryFolder())
      let server = try await audit.startServer()
      try await limitFileSize(of: server, to: "\(6 << 20):unlimited")
      try await fillAndRecover(server, audit) {
        try await limitFileSize(of: server, to: "unlimited")
      }
    }

    @Test(.enabled(if: SmallDisk.canBeMounted, "only root may mount a disk; the limit on a file's size is tested"))
    func `a full disk refuses records until it has room again`() async throws {
      let disk = try SmallDisk(megabytes: 16)
      let filler = disk.path("filler")
      try Data(count: 8 << 20).write(to: URL(fileURLWithPath: filler))
      let audit = Audit(Ledger(), in: try TemporaryFolder(), database: disk.path("verbatim.db"))
      try await fillAndRecover(try await audit.startServer(), audit) {
        try FileManager.default.removeItem(atPath: filler)
      }
    }

    private func limitFileSize(of server: SpawnedServer, to limit: String) async throws {
      let outcome = try await SpawnedCommand.run(
        ["--pid", "\(server.process.processIdentifier)", "--fsize=\(limit)"], executable: "/usr/bin/prlimit",
        in: server.folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
    }

    private func fillAndRecover(_ server: SpawnedServer, _ audit: Audit, makeRoom: () async throws -> Void) async throws
    {
      let refusals = Mutex<[LoadConnection.Answer]>([])
      await onThreads(8) { number in
        var client = LoadClient(
          port: server.port, ledger: audit.ledger, name: "full-\(number)", seed: UInt64(number),
          onRefusal: { answer in refusals.withLock { $0.append(answer) } },
          isEnough: { refusals.withLock { $0.count >= 100 } })
        client.run()
      }
      let unavailable = refusals.withLock { $0 }.filter { $0.status == 503 }
      #expect(!unavailable.isEmpty)
      for answer in unavailable {
        #expect(answer.fields["retry-after"].flatMap { Int($0) } != nil)
        #expect(try answer.json()["success"] as? Bool == false)
      }
      let connection = try LoadConnection(port: server.port)
      #expect(try connection.get("/health/live").status == 200)

      try await makeRoom()
      try await waitUntilRecording(connection, audit.ledger)
      let before = audit.ledger.acknowledgedCount
      await onThreads(4) { number in
        var client = LoadClient(
          port: server.port, ledger: audit.ledger, name: "room-\(number)", seed: UInt64(number),
          isEnough: { audit.ledger.acknowledgedCount > before + 200 })
        client.run()
      }
      try audit.check(server, conversations: audit.ledger.conversations)
      #expect(await server.terminate() == .cleanExit)

      let again = try await audit.startServer()
      try audit.check(again, conversations: audit.ledger.conversations)
      #expect(await again.terminate() == .cleanExit)
      try await audit.checkTotals()
    }

    /// Tries as a client would that waits for the server, for as long as a minute.
    private func waitUntilRecording(_ connection: LoadConnection, _ ledger: Ledger) async throws {
      let deadline = ContinuousClock.now + .seconds(60)
      let exchange = Ledger.Exchange(query: "is there room?", answer: "yes", clientMessageID: "room")
      ledger.send(exchange)
      while ContinuousClock.now < deadline {
        let answer = try connection.post("/api/chat/insert", try exchange.json())
        if answer.status == 200 {
          let content = try answer.json()
          ledger.acknowledge(
            exchange, messageID: content["message_id"] as? String ?? "",
            conversation: content["conversation_id"] as? String ?? "")
          return
        }
        #expect(answer.status == 503)
      }
      Issue.record("the server still refuses records although there is room")
    }
  }
}
