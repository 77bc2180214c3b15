import Foundation
import Glibc
import Synchronization
import Testing
import VerbatimTesting

extension CrashTests {
  @Suite struct KillTests {
    /// `CRASH_ROUNDS` and `CRASH_SEED` choose how often the server is killed and under which load.
    @Test func `nothing acknowledged is lost or doubled when the server is killed again and again`() async throws {
      let environment = ProcessInfo.processInfo.environment
      let rounds = environment["CRASH_ROUNDS"].flatMap { Int($0) } ?? 20
      let seed = environment["CRASH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
      print("crash rounds: \(rounds), CRASH_SEED=\(seed)")

      let ledger = Ledger()
      let audit = Audit(ledger, in: try TemporaryFolder())
      var random = SeededGenerator(seed: seed)
      for round in 0..<rounds {
        try await loadUntilKilled(audit, round: round, random: &random)
        let server = try await audit.startServer()
        try audit.check(server, conversations: ledger.takeTouchedConversations())
        try await audit.checkTotals()
        await server.kill()
      }

      let server = try await audit.startServer()
      try audit.check(server, conversations: ledger.conversations)
      #expect(await server.terminate() == .cleanExit)
      #expect(ledger.acknowledgedCount > rounds)
    }

    @Test func `a server that is asked to stop under load keeps all that it acknowledged`() async throws {
      let ledger = Ledger()
      let audit = Audit(ledger, in: try TemporaryFolder())
      let server = try await audit.startServer()
      let moment = Moment(after: 400) { server.process.send(SIGTERM) }
      await onThreads(16) { number in
        var client = LoadClient(
          port: server.port, ledger: ledger, name: "stop-\(number)", seed: UInt64(number), onSent: { moment.pass() },
          onRefusal: { _ in }, isEnough: { false })
        client.run()
      }
      #expect(await server.process.waitForEnding() == .cleanExit)

      let again = try await audit.startServer()
      try audit.check(again, conversations: ledger.conversations)
      #expect(await again.terminate() == .cleanExit)
      try await audit.checkTotals()
    }

    /// A client kills the server between sending a request and reading its answer, so the server is caught at any
    /// point of its work without a clock being asked.
    private func loadUntilKilled(_ audit: Audit, round: Int, random: inout SeededGenerator) async throws {
      let server = try await audit.startServer()
      let pauses = Int.random(in: 0...2000, using: &random)
      let moment = Moment(after: Int.random(in: 20...600, using: &random)) {
        for _ in 0..<pauses { sched_yield() }
        server.process.send(SIGKILL)
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
      #expect(await server.process.waitForEnding() == .killed)
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
