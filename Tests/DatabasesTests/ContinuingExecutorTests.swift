import Databases
import Glibc
import Testing
import Threads
import VerbatimTesting

@Suite struct ContinuingExecutorTests {
  @Test(arguments: TestEngine.allCases)
  func `a task goes on where its read ended, and elsewhere after a write`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      let executor = ContinuingExecutor()
      let task = Task(executorPreference: executor) {
        try await database.read { _ in Self.mark() }
        let after = Self.isMarked
        try await database.writer.run { _ in Self.mark() }
        return (after, Self.isMarked)
      }
      let (after, later) = try await task.value
      #expect(after)
      #expect(!later)
    }
  }

  @Test func `a task that a writer resumes goes on there where the writer lets it`() async throws {
    try await withDatabase { database, _ in
      let task = Task(executorPreference: ContinuingExecutor()) {
        await withUnsafeContinuation { continuation in
          Task.detached {
            try await database.writer.run { connection in
              Self.mark()
              connection.lettingGoOn { continuation.resume() }
            }
          }
        }
        return Self.isMarked
      }
      #expect(await task.value)
    }
  }

  @Test func `many tasks read, fail and are cancelled at once`() async throws {
    try await withDatabase { database, _ in
      let executor = ContinuingExecutor()
      let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
        for number in 0..<500 {
          group.addTask(executorPreference: executor) {
            if number % 3 == 0 { withUnsafeCurrentTask { $0?.cancel() } }
            do {
              let first = try await database.read { try $0.first("SELECT \(number)") { $0.integer(0) } ?? 0 }
              let second = try await database.read { try $0.first("SELECT \(number)") { $0.integer(0) } ?? 0 }
              return first + second
            } catch let error as DatabaseError where error.kind == .cancelled {
              return 0
            }
          }
        }
        return try await group.reduce(0, +)
      }
      let expected: Int64 = (0..<500).filter { $0 % 3 != 0 }.reduce(Int64(0)) { (sum: Int64, number: Int) -> Int64 in
        sum + 2 * Int64(number)
      }
      #expect(sum == expected)
    }
  }

  /// Marks a thread; another has no mark, even one that got the memory of a thread that has ended.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  private static func mark() { pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1)) }

  private static var isMarked: Bool { pthread_getspecific(key) != nil }
}
