import Foundation
import Synchronization
import Testing
import VerbatimTesting

@testable import Databases

@Suite struct MySQLTransactionTests {
  private static let endless: SQL = "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b"

  private func count(_ database: Database) async throws -> Int64? {
    try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
  }

  @Test func `the loser of a deadlock stores nothing, and may try again`() async throws {
    try await withMariaDB { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (k INT PRIMARY KEY, n INT)") }
      try await database.writer.run { try $0.executeScript("INSERT INTO t VALUES (1, 0), (2, 0)") }
      let gates = [Gate(), Gate()]
      // Each holds one row and then wants the other's: one of them has to lose.
      @Sendable func cross(_ own: Int) async throws {
        try await database.writers[own].run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (\(10 + own), 0)")
            try connection.execute("UPDATE t SET n = n + 1 WHERE k = \(1 + own)")
            gates[own].open()
            gates[1 - own].wait()
            do {
              try connection.execute("UPDATE t SET n = n + 1 WHERE k = \(2 - own)")
            } catch {
              // Swallowed: the transaction is over all the same.
              try connection.execute("INSERT INTO t VALUES (99, 0)")
            }
          }
        }
      }
      async let first = databaseError { try await cross(0) }
      async let second = databaseError { try await cross(1) }
      let errors = await [first, second].compactMap { $0 }
      #expect(errors.map(\.kind) == [.conflict])
      #expect(try await count(database) == 3)
      let sum = try await database.read { try $0.first("SELECT sum(n) FROM t") { $0.integer(0) } }
      #expect(sum == 2)
      try await database.writers[0].run { connection in
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (50, 0)") }
      }
      try await database.writers[1].run { connection in
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (51, 0)") }
      }
      #expect(try await count(database) == 5)
    }
  }

  @Test func `a definition inside a transaction, which commits it, is told`() async throws {
    try await withMariaDB { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (k INT)") }
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (1)")
            try connection.executeScript("CREATE TABLE u (k INT)")
            try connection.execute("INSERT INTO t VALUES (2)")
          }
        }
      }
      #expect(error?.kind == .statement)
      #expect(try await count(database) == 1)
    }
  }

  @Test func `a lost server is unavailable in mid-transaction, and used again when it is back`() async throws {
    let server = try await MariaDBServer.start(.init())
    try await withMariaDB(on: server) { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (k INT)")
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (1)") }
      }
      #expect(try await count(database) == 1)
      let (inserted, killed) = (Gate(), Gate())
      let doomed = Task {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (2)")
            inserted.open()
            killed.wait()
            try connection.execute("INSERT INTO t VALUES (3)")
          }
        }
      }
      await inserted.opened()
      try await server.kill()
      killed.open()
      let error = await databaseError { try await doomed.value }
      #expect(error?.kind == .unavailable)
      let meanwhile = await databaseError { try await count(database) }
      #expect(meanwhile?.kind == .unavailable)
      try await server.start()
      #expect(try await count(database) == 1)
      try await database.writer.run { connection in
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (4)") }
      }
      #expect(try await count(database) == 2)
    }
    try await server.stop()
  }

  @Test func `a server that was restarted between two statements is not noticed`() async throws {
    let server = try await MariaDBServer.start(.init())
    try await withMariaDB(on: server) { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (k INT)") }
      #expect(try await count(database) == 0)
      try await server.kill()
      try await server.start()
      try await database.writer.run { try $0.execute("INSERT INTO t VALUES (\(1))") }
      #expect(try await count(database) == 1)
    }
    try await server.stop()
  }

  @Test func `cancelling stops the statement on the server, and never the next one`() async throws {
    try await withMariaDB { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (k INT)") }
      for round in 0..<20 {
        let started = Gate()
        let task = Task {
          try await database.writer.run { connection in
            try connection.transaction {
              try connection.execute("INSERT INTO t VALUES (\(round))")
              started.open()
              // Every other one ends by itself at about the moment of its cancellation.
              let query = round.isMultiple(of: 2) ? Self.endless : "SELECT sleep(0.001)"
              return try connection.first(query) { $0.integer(0) }
            }
          }
        }
        await started.opened()
        task.cancel()
        let error = await databaseError { try await task.value }
        #expect(error == nil || error?.kind == .cancelled, "\(String(describing: error))")
        let answers = try await database.writer.run { connection in
          try (0..<5).map { try connection.first("SELECT \($0)") { $0.integer(0) } }
        }
        #expect(answers == [0, 1, 2, 3, 4])
      }
    }
  }

  @Test func `a statement that somebody else stopped is to be tried again, not cancelled`() async throws {
    let server = try await MariaDBServer.shared()
    try await withMariaDB { database in
      let number = Gate()
      let identifier = Mutex<Int64>(0)
      let task = Task {
        try await database.read { connection in
          let own = try connection.first("SELECT connection_id()") { $0.integer(0) } ?? 0
          identifier.withLock { $0 = own }
          number.open()
          return try connection.first(Self.endless) { $0.integer(0) }
        }
      }
      await number.opened()
      let own = identifier.withLock { $0 }
      var isRunning = false
      while !isRunning {
        let running = try await server.run(
          "SELECT count(*) FROM information_schema.processlist WHERE id = \(own) AND info LIKE '%seq_1%'")
        isRunning = running == "1\n"
      }
      try await server.run("KILL QUERY \(own)")
      let error = await databaseError { try await task.value }
      #expect(error?.kind == .unavailable)
    }
  }

  @Test func `readers take no writes, and a snapshot is of one moment`() async throws {
    try await withMariaDB { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (k INT)") }
      let insert = await databaseError { try await database.read { try $0.execute("INSERT INTO t VALUES (1)") } }
      #expect(insert?.kind == .readOnly)
      let begin = await databaseError { try await database.read { try $0.transaction {} } }
      #expect(begin?.kind == .readOnly)
      let (opened, committed) = (Gate(), Gate())
      async let counts = database.read { connection in
        try connection.snapshot {
          opened.open()
          committed.wait()
          return try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
        }
      }
      await opened.opened()
      try await database.writer.run { try $0.execute("INSERT INTO t VALUES (1)") }
      committed.open()
      #expect(try await counts == 0)
    }
  }
}
