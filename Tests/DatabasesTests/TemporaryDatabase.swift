import Databases
import Foundation

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "databases-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      print("cannot remove \(path): \(error)")
    }
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  var names: [String] { FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [] }

  /// 0 where there is no such file.
  func size(_ name: String) -> Int {
    guard has(name), let attributes = try? FileManager.default.attributesOfItem(atPath: file(name)) else { return 0 }
    return attributes[.size] as? Int ?? 0
  }

  /// The permissions; 0 where there is no such file.
  func mode(_ name: String) -> mode_t {
    var facts = stat()
    return stat(file(name), &facts) == 0 ? facts.st_mode & 0o777 : 0
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }
}

/// Runs `body` on a database of its own, then closes it.
func withDatabase<Result>(
  _ configure: (inout Database.Configuration) -> Void = { _ in },
  _ body: (Database, TemporaryFolder) async throws -> Result
) async throws -> Result {
  let folder = try TemporaryFolder()
  var configuration = Database.Configuration(path: folder.file("test.db"))
  configure(&configuration)
  let database = try await Database.open(configuration)
  do {
    let result = try await body(database, folder)
    await database.close()
    return result
  } catch {
    await database.close()
    throw error
  }
}

/// The error that `body` throws, when it is a database's.
func databaseError<Result>(_ body: () async throws -> Result) async -> DatabaseError? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error as? DatabaseError
  }
}
