import Foundation
import Glibc
import Synchronization
import Testing

extension CrashTests {
  @Suite struct KillTests {
    /// `CRASH_ROUNDS` and `CRASH_SEED` choose how often the server is killed and under which load.
    @Test func `nothing acknowledged is lost or doubled when the server is killed again and again`() async throws {
      let environment = ProcessInfo.processInfo.environment
      let rounds = environment["CRASH_ROUNDS"].flatMap { Int($0) } ?? 20
      let seed = environment["CRASH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
      print("crash rounds: \(rounds), CRASH_SEED=\(seed)")

      let folder = try TemporaryFolder()
      let ledger = Ledger()
      let audit = Audit(ledger: ledger, database: folder.file("verbatim.db"))
      var random = SeededGenerator(seed: seed)
      for round in 0..<rounds {
        try await loadUntilKilled(audit, round: round, random: &random)
        let server = try ServerProcess(database: audit.database)
        try audit.check(server, conversations: ledger.takeTouchedConversations())
        try await audit.checkTotals()
        server.process.signal(SIGKILL)
        _ = server.process.waitForExit()
      }

      let server = try ServerProcess(database: audit.database)
      try audit.check(server, conversations: ledger.conversations)
      #expect(server.stop() == .code(0))
      #expect(ledger.acknowledgedCount > rounds)
    }

    @Test func `a server that is asked to stop under load keeps all that it acknowledged`() async throws {
      let folder = try TemporaryFolder()
      let ledger = Ledger()
      let audit = Audit(ledger: ledger, database: folder.file("verbatim.db"))
      let server = try ServerProcess(database: audit.database)
      let moment = Moment(after: 400) { server.process.signal(SIGTERM) }
      await onThreads(16) { number in
        var client = LoadClient(
          port: server.port, ledger: ledger, name: "stop-\(number)", seed: UInt64(number), onSent: { moment.pass() },
          onRefusal: { _ in }, isEnough: { false })
        client.run()
      }
      #expect(server.process.waitForExit() == .code(0))

      let again = try ServerProcess(database: audit.database)
      try audit.check(again, conversations: ledger.conversations)
      #expect(again.stop() == .code(0))
      try await audit.checkTotals()
    }

    /// A client kills the server between sending a request and reading its answer, so the server is caught at any
    /// point of its work without a clock being asked.
    private func loadUntilKilled(_ audit: Audit, round: Int, random: inout SeededGenerator) async throws {
      let server = try ServerProcess(database: audit.database)
      let pauses = Int.random(in: 0...2000, using: &random)
      let moment = Moment(after: Int.random(in: 20...600, using: &random)) {
        for _ in 0..<pauses { sched_yield() }
        server.process.signal(SIGKILL)
      }
      let shared = (0..<8).map { number in
        Ledger.Exchange(
          query: "shared \(round)-\(number)", answer: "答え \(round)", conversation: number < 4 ? "shared-\(round)" : nil,
          clientMessageID: "shared-\(round)-\(number)")
      }
      let seed = random.next()
      await onThreads(24) { number in
        var client = LoadClient(
          port: server.port, ledger: audit.ledger, name: "round-\(round)-\(number)", seed: seed &+ UInt64(number),
          shared: shared, onSent: { moment.pass() }, isEnough: { false })
        client.run()
      }
      #expect(server.process.waitForExit() == .signal(SIGKILL))
    }
  }
}

/// Acts once, when it was passed as often as asked.
private final class Moment: Sendable {
  private let remaining: Atomic<Int>
  private let action: @Sendable () -> Void

  init(after count: Int, action: @escaping @Sendable () -> Void) {
    remaining = Atomic(count)
    self.action = action
  }

  func pass() {
    if remaining.subtract(1, ordering: .relaxed).newValue == 0 { action() }
  }
}
