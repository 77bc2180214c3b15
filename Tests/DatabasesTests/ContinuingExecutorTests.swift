import Databases
import Glibc
import Testing
import VerbatimTesting

@Suite struct ContinuingExecutorTests {
  @Test(arguments: TestEngine.allCases)
  func `a task goes on where its read ended, once`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      let executor = ContinuingExecutor()
      let task = Task(executorPreference: executor) {
        let reader = try await database.read { _ in Self.thread }
        let after = Self.thread
        await Task.yield()
        return (reader, after, Self.thread)
      }
      let (reader, after, later) = try await task.value
      #expect(after == reader)
      #expect(later != reader)
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

  /// Not across a suspension: each call asks anew.
  private static var thread: pid_t { gettid() }
}
