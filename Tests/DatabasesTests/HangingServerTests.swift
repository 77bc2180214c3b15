import Dispatch
import Foundation
import Glibc
import Testing
import VerbatimTesting

@testable import Databases

/// Servers that stop in the middle of a statement, and neither answer nor hang up.
@Suite(.timeLimit(.minutes(2))) struct HangingServerTests {
  @Test func `a cancelled read of PostgreSQL does not wait for it`() async throws {
    let server = try await PostgreSQLServer.shared()
    let database = try await Database.open(.init(.postgres(server.address(database: "postgres"))))
    try await expectAnEnd(to: database) { connection in
      try connection.first("SELECT pg_backend_pid()") { Int32($0.integer(0)) }
    }
    await database.close()
  }

  @Test func `a cancelled read of MariaDB does not wait for it`() async throws {
    let server = try await MariaDBServer.start(MariaDBServer.Options())
    let process = try #require(Int32(try server.folder.text(of: "pid").prefix { $0.isNumber }))
    let database = try await Database.open(.init(.mysql(server.address(database: ""))))
    try await expectAnEnd(to: database) { connection in try connection.first("SELECT 1") { _ in process } }
    await database.close()
    try await server.stop()
  }

  @Test func `a transaction that is cancelled before its statement is sent does not wait for MariaDB`() async throws {
    let server = try await MariaDBServer.start(MariaDBServer.Options())
    let process = try #require(Int32(try server.folder.text(of: "pid").prefix { $0.isNumber }))
    let database = try await Database.open(.init(.mysql(server.address(database: ""))))
    let (stops, teller) = AsyncStream<Void>.makeStream()
    let isCancelled = DispatchSemaphore(value: 0)
    let reading = Task {
      try await database.read { connection in
        try connection.snapshot {
          // Prepared once, so that nothing is asked of the server before the cancellation is seen.
          _ = try connection.first("SELECT 1") { _ in true }
          try Self.stop(process)
          teller.yield()
          isCancelled.wait()
          _ = try connection.first("SELECT 1") { _ in true }
        }
      }
    }
    _ = await stops.first { _ in true }
    reading.cancel()
    isCancelled.signal()
    let error = await #expect(throws: DatabaseError.self) { try await reading.value }
    kill(process, SIGCONT)
    #expect(error?.kind == .cancelled)
    #expect(try await database.read { try $0.first("SELECT 1") { $0.integer(0) } } == 1)
    await database.close()
    try await server.stop()
  }

  @Test func `patience ends with the work, with the time, or with the task`() async throws {
    #expect(try await Patience(.seconds(60)).result { 1 } == 1)
    let late = await #expect(throws: DatabaseError.self) {
      try await Patience(.milliseconds(1)).result { try await Task.sleep(for: .seconds(60)) }
    }
    #expect(late?.isNoAnswer == true)
    let task = Task { try await Patience(.seconds(60)).result { try await Task.sleep(for: .seconds(60)) } }
    task.cancel()
    let cancelled = await #expect(throws: DatabaseError.self) { try await task.value }
    #expect(cancelled?.kind == .cancelled)
  }

  /// Returns when none of its threads runs any more: one could still answer.
  private static func stop(_ process: Int32) throws {
    kill(process, SIGSTOP)
    let tasks = "/proc/\(process)/task"
    while try FileManager.default.contentsOfDirectory(atPath: tasks).contains(where: { task in
      let line = try String(contentsOfFile: "\(tasks)/\(task)/stat", encoding: .utf8)
      return line.suffix(from: line.lastIndex(of: ")") ?? line.startIndex).dropFirst(2).first != "T"
    }) { sched_yield() }
  }

  /// Stops the process that serves a read, and cancels the read.
  private func expectAnEnd(
    to database: Database, _ find: @escaping @Sendable (isolated Connection) throws -> Int32?
  ) async throws {
    let (processes, teller) = AsyncStream<Int32>.makeStream()
    let reading = Task {
      try await database.read { connection in
        guard let process = try find(connection) else { return }
        try Self.stop(process)
        teller.yield(process)
        _ = try connection.first("SELECT 1") { _ in true }
      }
    }
    let process = try #require(await processes.first { _ in true })
    reading.cancel()
    let error = await #expect(throws: DatabaseError.self) { try await reading.value }
    kill(process, SIGCONT)
    #expect(error?.kind == .cancelled)
    #expect(try await database.read { try $0.first("SELECT 1") { $0.integer(0) } } == 1)
  }
}
