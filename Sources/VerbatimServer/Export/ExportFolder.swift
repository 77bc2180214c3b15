import Glibc
import VerbatimModel

/// Where the files of background exports are: `<id>` when whole, `<id>.partial` before.
package struct ExportFolder: Sendable {
  package static let standardPath = "./data/exports"

  /// What is left free of a large disk; a twentieth of a small one.
  private static let reserve: UInt64 = 256 << 20

  let path: String

  package init(_ path: String) { self.path = path }

  func file(of id: UUIDv7) -> String { path + "/" + id.description }

  func partialFile(of id: UUIDv7) -> String { file(of: id) + ".partial" }

  /// Makes it where it is not there, for its owner alone; the folder around it must be there unless it is the standard
  /// one.
  func prepare() throws {
    let (parent, _) = FilePath.split(path)
    if path == Self.standardPath, mkdir(parent, 0o755) != 0, errno != EEXIST {
      throw FileError("make the folder", parent)
    }
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw FileError("make the folder", path) }
  }

  /// Throws where the disk is nearly full: an export must not take what records need.
  func checkRoom() throws {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { throw FileError("write to the folder", path) }
    let (free, all) = (UInt64(facts.f_bavail) * UInt64(facts.f_frsize), UInt64(facts.f_blocks) * UInt64(facts.f_frsize))
    guard free >= min(Self.reserve, all / 20) else {
      errno = ENOSPC
      throw FileError("write to the folder", path)
    }
  }

  /// What became whole before the job was said to be done is to be looked at again.
  func reopen(_ id: UUIDv7) throws {
    guard access(partialFile(of: id), F_OK) != 0 else { return }
    if rename(file(of: id), partialFile(of: id)) != 0, errno != ENOENT { throw FileError("rename", file(of: id)) }
  }

  /// Gives a file that is whole and on disk its name, which is on disk afterwards, too.
  func finish(_ id: UUIDv7) throws {
    guard rename(partialFile(of: id), file(of: id)) == 0 else { throw FileError("rename", partialFile(of: id)) }
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw FileError("open", path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw FileError("write", path) }
  }

  /// Does nothing where they are not there.
  func removeFiles(of id: UUIDv7) throws {
    for path in [file(of: id), partialFile(of: id)] where unlink(path) != 0 && errno != ENOENT {
      throw FileError("remove", path)
    }
  }
}
