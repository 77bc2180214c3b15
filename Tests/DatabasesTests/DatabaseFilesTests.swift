import Foundation
import Testing

@testable import Databases

/// What restoring does with files.
@Suite struct DatabaseFilesTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("test.db")
  }

  /// Leaves the files of a process that was killed: rows that are in the log alone.
  private func makeKilled(rows: Int) async throws {
    let database = try await Database.open(Database.Configuration(path: folder.file("living.db")))
    try await database.writer.run { connection in
      try connection.executeScript("CREATE TABLE t (a)")
      try connection.checkpoint(.full)
      for row in 0..<rows { try connection.execute("INSERT INTO t VALUES (\(row))") }
    }
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: folder.file("living.db") + suffix, toPath: path + suffix)
    }
    await database.close()
  }

  private func makeCopy(rows: Int) async throws -> String {
    let database = try await Database.open(Database.Configuration(path: folder.file("other.db")))
    try await database.writer.run { connection in
      try connection.executeScript("CREATE TABLE t (a)")
      for row in 0..<rows { try connection.execute("INSERT INTO t VALUES (\(row))") }
    }
    try await database.backup(to: folder.file("copy.db")) { _, _ in }
    await database.close()
    return folder.file("copy.db")
  }

  private func rows(_ path: String) async throws -> Int64? {
    var configuration = Database.Configuration(path: path)
    configuration.isWritable = false
    let database = try await Database.open(configuration)
    let outline = try await database.outline()
    await database.close()
    return outline.rows["t"]
  }

  @Test func `a settled database is whole in its main file before anything is moved`() async throws {
    try await makeKilled(rows: 200)
    let files = try DatabaseFiles(of: path)
    let lock = try WriteLock(database: path, purpose: "test")
    defer { lock.release() }
    #expect(try await files.settle(holding: lock) == .settled)
    #expect(folder.size("test.db-wal") == 0)
    try FileManager.default.copyItem(atPath: path, toPath: folder.file("alone.db"))
    #expect(try await rows(folder.file("alone.db")) == 200)
  }

  @Test func `a log without its file is kept aside and never replayed`() async throws {
    try await makeKilled(rows: 200)
    let copy = try await makeCopy(rows: 80)
    try FileManager.default.removeItem(atPath: path)
    let files = try DatabaseFiles(of: path)
    #expect(!files.hasMainFile)
    #expect(try files.keep(as: folder.file("old.db")) == [folder.file("old.db-wal")])
    try files.replace(with: copy)
    #expect(try await rows(path) == 80)
    #expect(folder.size("old.db-wal") > 0)
    #expect(!folder.has("test.db-wal"))
  }

  @Test func `all files of a damaged database are kept`() async throws {
    try await makeKilled(rows: 10)
    try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: path))
    let log = folder.size("test.db-wal")
    let files = try DatabaseFiles(of: path)
    let lock = try WriteLock(database: path, purpose: "test")
    defer { lock.release() }
    guard case .damaged(let reason) = try await files.settle(holding: lock) else {
      Issue.record("not seen as damaged")
      return
    }
    #expect(reason.contains("not a database"))
    let kept = try files.keep(as: folder.file("old.db"))
    #expect(kept.prefix(2) == [folder.file("old.db"), folder.file("old.db-wal")])
    #expect(folder.size("old.db") == 8192)
    #expect(folder.size("old.db-wal") == log)
    #expect(folder.size("test.db-wal") == log)
    try files.replace(with: try await makeCopy(rows: 3))
    #expect(try await rows(path) == 3)
    #expect(folder.names.filter { $0.hasPrefix("test.db") }.sorted() == ["test.db", "test.db.lock"])
  }

  @Test func `a link stays, and its target is replaced`() async throws {
    let copy = try await makeCopy(rows: 3)
    try Data().write(to: URL(filePath: path))
    let link = folder.file("link.db")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "test.db")
    try DatabaseFiles(of: link).replace(with: copy)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "test.db")
    #expect(try await rows(path) == 3)
  }

  @Test func `a database that is being read is not replaced`() async throws {
    try await makeKilled(rows: 10)
    var file = SQLiteFile(path: path)
    file.busyTimeout = .zero
    var configuration = Database.Configuration(.sqlite(file))
    configuration.isWritable = false
    let reader = try await Database.open(configuration)
    let (reading, done) = (Gate(), Gate())
    async let read: Int64? = reader.read { connection in
      try connection.snapshot {
        let count = try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
        reading.open()
        done.wait()
        return count
      }
    }
    await reading.opened()
    let files = try DatabaseFiles(of: path)
    let lock = try WriteLock(database: path, purpose: "test")
    defer { lock.release() }
    let error = await databaseError { try await files.settle(holding: lock) }
    done.open()
    #expect(try await read == 10)
    await reader.close()
    #expect(error?.message.contains("being read by another process") == true)
    #expect(try await files.settle(holding: lock) == .settled)
  }

  @Test func `an outline tells what differs`() async throws {
    let copy = try await makeCopy(rows: 3)
    try await makeKilled(rows: 4)
    var outlines: [DatabaseOutline] = []
    for path in [copy, path] {
      let database = try await Database.open(Database.Configuration(path: path))
      outlines.append(try await database.outline())
      await database.close()
    }
    #expect(outlines[0].differences(from: outlines[0]).isEmpty)
    #expect(outlines[1].differences(from: outlines[0]) == ["t has 4 rows instead of 3"])
  }
}
