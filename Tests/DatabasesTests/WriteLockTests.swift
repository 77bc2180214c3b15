import Foundation
import Testing

@testable import Databases

@Suite struct WriteLockTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("test.db")
  }

  private func holder(of path: String) throws -> WriteLock.Holder? {
    do {
      try WriteLock(database: path, purpose: "test").release()
      return nil
    } catch let holder as WriteLock.Holder {
      return holder
    }
  }

  @Test func `a second one is told who holds it and where to go`() throws {
    let lock = try WriteLock(database: path, purpose: "server")
    #expect(try holder(of: path) == .init(process: getpid(), purpose: "server"))
    try lock.announce(url: "http://127.0.0.1:1")
    let announced = try #require(try holder(of: path))
    #expect("\(announced)" == "held by the server at http://127.0.0.1:1 (pid \(getpid()))")
    lock.release()
    #expect(try holder(of: path) == nil)
  }

  @Test func `an open database holds it until it is closed`() async throws {
    var configuration = Database.Configuration(path: path)
    configuration.purpose = "import"
    let database = try await Database.open(configuration)
    #expect(try holder(of: path)?.purpose == "import")
    try database.announce(url: "http://x")
    #expect(try holder(of: path)?.url == "http://x")
    await database.close()
    #expect(try holder(of: path) == nil)
    #expect(!folder.has("test.db-lock"))
  }

  @Test func `reading needs none`() async throws {
    await (try Database.open(Database.Configuration(path: path))).close()
    let lock = try WriteLock(database: path, purpose: "server")
    defer { lock.release() }
    var configuration = Database.Configuration(path: path)
    configuration.isWritable = false
    await (try Database.open(configuration)).close()
  }

  @Test(arguments: [true, false])
  func `links lead to one lock, also to a database that is not there yet`(_ isThere: Bool) throws {
    if isThere { try Data().write(to: URL(filePath: path)) }
    try FileManager.default.createSymbolicLink(atPath: folder.file("link.db"), withDestinationPath: "test.db")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("second.db"), withDestinationPath: folder.file("link.db"))
    let lock = try WriteLock(database: folder.file("second.db"), purpose: "server")
    defer { lock.release() }
    #expect(try holder(of: path) != nil)
    #expect(folder.names.filter { $0.hasSuffix(".lock") } == ["test.db.lock"])
  }

  @Test func `links that lead in a circle are said`() throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "other.db")
    try FileManager.default.createSymbolicLink(atPath: folder.file("other.db"), withDestinationPath: "test.db")
    let error = #expect(throws: DatabaseError.self) { try WriteLock(database: path, purpose: "server") }
    #expect(error?.message.contains("symbolic links") == true)
  }

  @Test func `its file is its owner's alone`() throws {
    try Data().write(to: URL(filePath: path + ".lock"))
    chmod(path + ".lock", 0o644)
    let lock = try WriteLock(database: path, purpose: "server")
    defer { lock.release() }
    #expect(folder.mode("test.db.lock") == 0o600)
  }
}
