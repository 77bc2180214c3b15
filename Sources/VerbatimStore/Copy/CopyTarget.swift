import Databases
import Dispatch
import Synchronization

/// The target of a copy, for the thread that reads the source: what it hands over runs on the target's thread in turn,
/// two pieces of work at most under way, and it waits here for its turn. Both threads belong to connections; nothing of
/// the shared pool waits.
final class CopyTarget: Sendable {
  private struct Work: Sendable {
    let body: @Sendable (isolated Connection) throws -> Void
    let finish: @Sendable ((any Error)?) -> Void
  }

  private static let mostUnderWay = 2

  private let connection: Connection
  private let works: AsyncStream<Work>
  private let queue: AsyncStream<Work>.Continuation
  private let slots = DispatchSemaphore(value: CopyTarget.mostUnderWay)
  private let failure = Mutex<(any Error)?>(nil)

  init(_ connection: Connection) {
    self.connection = connection
    (works, queue) = AsyncStream.makeStream()
  }

  /// Does what is handed over, until `finish`.
  func run() async {
    for await work in works {
      let outcome: (any Error)? = await outcome(of: work)
      if let outcome { failure.withLock { $0 = $0 ?? outcome } }
      work.finish(outcome)
      slots.signal()
    }
  }

  private func outcome(of work: Work) async -> (any Error)? {
    if let failure = failure.withLock({ $0 }) { return failure }
    do {
      try await connection.run(work.body)
      return nil
    } catch {
      return error
    }
  }

  func finish() { queue.finish() }

  /// Hands work over; throws what earlier work failed of.
  func submit(_ body: @escaping @Sendable (isolated Connection) throws -> Void) throws {
    try submit(Work(body: body, finish: { _ in }))
  }

  /// Hands work over and waits for what it answers, after all that was handed over before.
  func result<Result: Sendable>(of body: @escaping @Sendable (isolated Connection) throws -> Result) throws -> Result {
    let answer = Answer<Result>()
    let ended = DispatchSemaphore(value: 0)
    try submit(
      Work(
        body: { connection in
          let result: Result = try body(connection)
          answer.value.withLock { $0 = .success(result) }
        },
        finish: { error in
          if let error { answer.value.withLock { $0 = .failure(error) } }
          ended.signal()
        }))
    ended.wait()
    guard let result = answer.value.withLock({ $0 }) else { throw DatabaseError.noAnswer }
    return try result.get()
  }

  private func submit(_ work: Work) throws {
    slots.wait()
    if let failure = failure.withLock({ $0 }) {
      slots.signal()
      throw failure
    }
    queue.yield(work)
  }

  private final class Answer<Value: Sendable>: Sendable {
    let value = Mutex<Result<Value, any Error>?>(nil)
  }
}

extension DatabaseError {
  fileprivate static let noAnswer = DatabaseError(kind: .unavailable, code: 0, message: "the target did not answer")
}
