import Foundation
import Glibc
import VerbatimTesting

/// A file system in memory, a few megabytes large.
final class SmallDisk: Sendable {
  static let canBeMounted: Bool = {
    guard geteuid() == 0 else { return false }
    return (try? SmallDisk(megabytes: 1)) != nil
  }()

  private let folder: TemporaryFolder

  init(megabytes: Int) throws {
    folder = try TemporaryFolder()
    guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
      throw SpawnError("no small disk: \(String(cString: strerror(errno)))")
    }
  }

  deinit { umount2(folder.path, Int32(MNT_DETACH)) }

  func path(_ name: String) -> String { folder.path(name) }
}
