import Databases
import Testing

@testable import VerbatimStore

@Suite struct CommitAttemptsTests {
  private func failure(_ kind: DatabaseError.Kind) -> DatabaseError {
    DatabaseError(kind: kind, code: 0, message: "no")
  }

  @Test func `a conflict is tried again, later and later, and not for ever`() {
    var attempts = CommitAttempts(isServer: true, patience: .seconds(3))
    var pauses: [Duration] = []
    while case .again(let pause) = attempts.action(after: failure(.conflict), batchCount: 5, jitter: 1) {
      pauses.append(pause)
    }
    #expect(pauses.count == 30)
    #expect(pauses.prefix(3) == [.milliseconds(2), .milliseconds(4), .milliseconds(8)])
    #expect(pauses.max() == .milliseconds(200))
    #expect(!attempts.mayBeStored)
  }

  @Test func `a lost connection is waited for as long as patience lasts, and may have stored the batch`() {
    var attempts = CommitAttempts(isServer: true, patience: .seconds(1))
    var waited: Duration = .zero
    while case .again(let pause) = attempts.action(after: failure(.unavailable), batchCount: 5, jitter: 1) {
      waited += pause
    }
    #expect(waited <= .seconds(1))
    #expect(waited > .milliseconds(500))
    #expect(attempts.mayBeStored)
  }

  @Test func `without patience a server that is away is told at once`() {
    var attempts = CommitAttempts(isServer: true, patience: .zero)
    #expect(attempts.action(after: failure(.unavailable), batchCount: 5, jitter: 0) == .giveUp)
  }

  @Test func `a file that cannot be written is told at once`() {
    var attempts = CommitAttempts(isServer: false, patience: .seconds(3))
    for kind in [DatabaseError.Kind.unavailable, .full, .readOnly, .corrupt, .cancelled] {
      #expect(attempts.action(after: failure(kind), batchCount: 5, jitter: 0) == .giveUp)
    }
    #expect(!attempts.mayBeStored)
  }

  @Test func `what one exchange may be to blame for splits the batch, and ends with one`() {
    var attempts = CommitAttempts(isServer: true, patience: .seconds(3))
    #expect(attempts.action(after: failure(.constraint), batchCount: 2, jitter: 0) == .split)
    #expect(attempts.action(after: failure(.statement), batchCount: 1, jitter: 0) == .giveUp)
  }

  @Test func `a broken key after a lost connection may be the batch itself, so it is looked for once more`() {
    var attempts = CommitAttempts(isServer: true, patience: .seconds(3))
    _ = attempts.action(after: failure(.unavailable), batchCount: 4, jitter: 0)
    #expect(attempts.action(after: failure(.constraint), batchCount: 4, jitter: 0) == .again(after: .zero))
    #expect(attempts.action(after: failure(.constraint), batchCount: 4, jitter: 0) == .split)
  }
}
