import Foundation
import Testing
import VerbatimTesting

@testable import Databases

@Suite struct CancellationTests {
  private func one(_ database: Database) async throws -> Int64? {
    try await database.read { try $0.first("SELECT 1") { $0.integer(0) } }
  }

  @Test(arguments: TestEngine.allCases)
  func `cancelling a task interrupts its statement and no other`(_ engine: TestEngine) async throws {
    try await engine.withDatabase({ $0.maximumReaders = 2 }) { database in
      let started = Gate()
      let endless = Task {
        try await database.read { connection in
          started.open()
          return try connection.first(engine.endlessQuery) { $0.integer(0) }
        }
      }
      await started.opened()
      let meanwhile = try await one(database)
      #expect(meanwhile == 1)
      endless.cancel()
      let error = await databaseError { try await endless.value }
      #expect(error?.kind == .cancelled)
      for _ in 0..<20 {
        let afterwards = try await one(database)
        #expect(afterwards == 1)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an interrupt never hits the next task's statement`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      let writer = database.writer
      for _ in 0..<200 {
        let doomed = Task { try await writer.run { try $0.first("SELECT 1") { $0.integer(0) } } }
        let innocent = Task {
          try await writer.run { connection in
            try (0..<5).map { try connection.first("SELECT \($0)") { $0.integer(0) } }
          }
        }
        doomed.cancel()
        let error = await databaseError { try await doomed.value }
        #expect(error == nil || error?.kind == .cancelled)
        let answers = try await innocent.value
        #expect(answers == [0, 1, 2, 3, 4])
      }
    }
  }

  @Test func `whoever cancels never reaches a connection that could not be set up, or was closed`() throws {
    let folder = try TemporaryFolder()
    try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: folder.file("foreign.db")))
    let interruption = Interruption()
    func driver(_ name: String) throws -> SQLiteDriver {
      try SQLiteDriver(
        .init(
          path: folder.file(name), isWriter: true, cacheSize: 1 << 20, cachedStatements: 1, busyTimeout: .zero,
          checkpointPages: 100), interruption: interruption)
    }
    #expect(throws: DatabaseError.self) { try driver("foreign.db") }
    #expect(!interruption.reachesEngine)
    let open = try driver("test.db")
    #expect(interruption.reachesEngine)
    open.close()
    #expect(!interruption.reachesEngine)
  }

  @Test(arguments: TestEngine.allCases)
  func `a cancelled transaction leaves nothing behind`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER)") }
      let started = Gate()
      let task = Task {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (\(1))")
            started.open()
            _ = try connection.first(engine.endlessQuery) { $0.integer(0) }
          }
        }
      }
      await started.opened()
      task.cancel()
      let error = await databaseError { try await task.value }
      #expect(error?.kind == .cancelled)
      try await database.writer.run { connection in
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (\(2))") }
      }
      let left = try await database.read { try $0.query("SELECT a FROM t") { $0.integer(0) } }
      #expect(left == [2])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `short statements after the cancellation do not run either`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER)") }
      let (started, cancelled) = (Gate(), Gate())
      let task = Task {
        try await database.writer.run { connection in
          started.open()
          cancelled.wait()
          try connection.execute("INSERT INTO t VALUES (\(1))")
        }
      }
      await started.opened()
      task.cancel()
      cancelled.open()
      let error = await databaseError { try await task.value }
      #expect(error?.kind == .cancelled)
      let count = try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(count == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a batch that runs to its end is deaf to cancellation`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER)") }
      let (started, cancelled) = (Gate(), Gate())
      let task = Task {
        try await database.writer.runToEnd { connection in
          try connection.transaction {
            started.open()
            cancelled.wait()
            try connection.execute("INSERT INTO t VALUES (\(1))")
          }
        }
      }
      await started.opened()
      task.cancel()
      cancelled.open()
      try await task.value
      let count = try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(count == 1)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a task cancelled while it waits leaves the line at once`(_ engine: TestEngine) async throws {
    try await engine.withDatabase({ $0.maximumReaders = 1 }) { database in
      let (started, finish) = (Gate(), Gate())
      async let busy = database.read { _ in
        started.open()
        finish.wait()
        return 1
      }
      await started.opened()
      let waiting = Task { try await database.read { _ in 2 } }
      waiting.cancel()
      // The reader is still busy: only the cancellation can end this.
      let error = await databaseError { try await waiting.value }
      #expect(error?.kind == .cancelled)

      let (writing, finishWriting) = (Gate(), Gate())
      async let write = database.writer.run { _ in
        writing.open()
        finishWriting.wait()
        return 3
      }
      await writing.opened()
      let waitingToWrite = Task { try await database.writer.run { _ in 4 } }
      waitingToWrite.cancel()
      let writeError = await databaseError { try await waitingToWrite.value }
      #expect(writeError?.kind == .cancelled)

      finish.open()
      finishWriting.open()
      let answers = try await (busy, write)
      #expect(answers == (1, 3))
    }
  }
}
