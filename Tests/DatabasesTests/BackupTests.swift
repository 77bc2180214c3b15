import Databases
import Foundation
import Synchronization
import Testing

@Suite struct BackupTests {
  private func fill(_ database: Database, batches: Range<Int>) async throws {
    for batch in batches {
      try await database.writer.runToEnd { connection in
        try connection.transaction {
          for row in 0..<100 {
            let text = String(repeating: "x", count: 1000)
            try connection.execute("INSERT INTO t VALUES (\(batch * 100 + row), \(text))")
          }
        }
      }
    }
  }

  private func opened(_ path: String) async throws -> Database {
    var configuration = Database.Configuration(path: path)
    configuration.isWritable = false
    return try await Database.open(configuration)
  }

  @Test func `a backup while a writer goes on is whole and of one moment`() async throws {
    try await withDatabase { database, folder in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)") }
      try await fill(database, batches: 0..<100)
      let writing = Task {
        var batch = 100
        while !Task.isCancelled {
          try await fill(database, batches: batch..<batch + 1)
          batch += 1
        }
        return batch
      }
      let steps = Steps()
      try await database.backup(to: folder.file("copy.db")) { done, total in steps.append(done, of: total) }
      writing.cancel()
      let written = try await writing.value

      #expect(steps.isAscendingToTheEnd)
      #expect(!folder.has("copy.db-wal"))
      #expect(!folder.has("copy.db-journal"))
      #expect(!folder.has("copy.db.partial"))
      let copy = try await opened(folder.file("copy.db"))
      let count = try await copy.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } } ?? 0
      #expect(count >= 10_000)
      #expect(count <= Int64(written) * 100)
      #expect(count % 100 == 0)
      let problems = try await copy.integrityCheck()
      #expect(problems == [])
      await copy.close()
    }
  }

  @Test func `a backup holds what was committed and still in the log, and can be served`() async throws {
    try await withDatabase { database, folder in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)") }
      try await fill(database, batches: 0..<1)
      try await database.backup(to: folder.file("copy.db")) { _, _ in }
      let copy = try await Database.open(Database.Configuration(path: folder.file("copy.db")))
      try await fill(copy, batches: 1..<2)
      let count = try await copy.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(count == 200)
      await copy.close()
    }
  }

  @Test func `a file that is there is not overwritten`() async throws {
    try await withDatabase { database, folder in
      let path = folder.file("precious")
      try Data("keep me".utf8).write(to: URL(filePath: path))
      let error = await databaseError { try await database.backup(to: path) { _, _ in } }
      let raised = try #require(error)
      #expect(raised.message.contains(path))
      #expect(try Data(contentsOf: URL(filePath: path)) == Data("keep me".utf8))
    }
  }

  @Test func `what a killed backup left is replaced`() async throws {
    try await withDatabase { database, folder in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)") }
      for suffix in ["", "-journal"] {
        try Data("left over".utf8).write(to: URL(filePath: folder.file("copy.db.partial") + suffix))
      }
      try await database.backup(to: folder.file("copy.db")) { _, _ in }
      #expect(folder.names.filter { $0.hasPrefix("copy") } == ["copy.db"])
      #expect(folder.mode("copy.db") == 0o600)
      let copy = try await opened(folder.file("copy.db"))
      #expect(try await copy.integrityCheck() == [])
      await copy.close()
    }
  }

  @Test func `a finished backup that a leftover shares is not emptied`() async throws {
    try await withDatabase { database, folder in
      try Data("precious".utf8).write(to: URL(filePath: folder.file("first.db")))
      #expect(link(folder.file("first.db"), folder.file("copy.db.partial")) == 0)
      try await database.backup(to: folder.file("copy.db")) { _, _ in }
      #expect(try Data(contentsOf: URL(filePath: folder.file("first.db"))) == Data("precious".utf8))
    }
  }

  @Test func `a second backup to a name that is being written is refused, and the first goes on`() async throws {
    try await withDatabase { database, folder in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)") }
      let (copying, refused) = (Gate(), Gate())
      let first = Task {
        try await database.backup(to: folder.file("copy.db")) { _, _ in
          copying.open()
          refused.wait()
        }
      }
      await copying.opened()
      let error = await databaseError { try await database.backup(to: folder.file("copy.db")) { _, _ in } }
      refused.open()
      #expect(error?.message.contains("being written by another process") == true)
      try await first.value
      #expect(folder.names.filter { $0.hasPrefix("copy") } == ["copy.db"])
    }
  }

  @Test func `a cancelled backup leaves nothing`() async throws {
    try await withDatabase { database, folder in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)") }
      try await fill(database, batches: 0..<100)
      let (copying, cancelled) = (Gate(), Gate())
      let task = Task {
        try await database.backup(to: folder.file("copy.db")) { _, _ in
          copying.open()
          cancelled.wait()
        }
      }
      await copying.opened()
      task.cancel()
      cancelled.open()
      let error = await databaseError { try await task.value }
      #expect(error?.kind == .cancelled)
      #expect(folder.names.filter { $0.contains("copy") }.isEmpty)
    }
  }

  @Test func `a folder that is missing is said`() async throws {
    try await withDatabase { database, folder in
      let error = await databaseError { try await database.backup(to: folder.file("none/copy.db")) { _, _ in } }
      let raised = try #require(error)
      #expect(raised.kind == .unavailable)
      #expect(raised.message.contains("No such file or directory"))
    }
  }

  @Test func `the log is written back between batches and emptied at close`() async throws {
    let folder = try TemporaryFolder()
    var file = SQLiteFile(path: folder.file("test.db"))
    file.checkpointPages = 50
    let configuration = Database.Configuration(.sqlite(file))
    let database = try await Database.open(configuration)
    try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)") }
    for batch in 0..<50 {
      try await fill(database, batches: batch..<batch + 1)
      try await database.writer.runToEnd { try $0.checkpointIfNeeded() }
    }
    // 50 batches of about 30 pages: without checkpoints the log would hold all 1,500.
    #expect(folder.size("test.db-wal") < 200 * 4096)
    await database.close()
    #expect(!folder.has("test.db-wal"))
    #expect(folder.size("test.db") > 1000 * 4096)
  }
}

private final class Steps: Sendable {
  private let steps = Mutex<[(done: Int, total: Int)]>([])

  func append(_ done: Int, of total: Int) { steps.withLock { $0.append((done, total)) } }

  var isAscendingToTheEnd: Bool {
    steps.withLock { steps in
      guard let last = steps.last else { return false }
      return last.done == last.total && zip(steps, steps.dropFirst()).allSatisfy { $0.done < $1.done }
    }
  }
}
