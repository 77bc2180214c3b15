import Glibc

/// What SQLite's files need of the file system.
enum Files {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The folder, `.` where none is named, and the last name.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.utf8.index(after: slash)...]))
  }

  /// Where the links of a path lead, also to a file that is not there yet: as SQLite finds the file.
  static func resolved(_ path: String) throws(DatabaseError) -> String {
    var path = path
    for _ in 0..<40 {
      if let real = realPath(path) { return real }
      let (folder, name) = split(path)
      guard let realFolder = realPath(folder) else { throw .file(errno, path) }
      path = realFolder == "/" ? "/" + name : realFolder + "/" + name
      guard let target = linkTarget(path) else { return path }
      path = target.hasPrefix("/") ? target : realFolder + "/" + target
    }
    throw .file(ELOOP, path)
  }

  /// Makes the names in a folder durable.
  static func syncFolder(of path: String) throws(DatabaseError) {
    let folder = split(path).folder
    let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw .file(errno, folder) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw .file(errno, folder) }
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// nil for what is no link.
  private static func linkTarget(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      let count = readlink(path, start, buffer.count)
      return count > 0 ? String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
  }
}

extension DatabaseError {
  /// What the system says about a file.
  static func file(_ code: Int32, _ path: String) -> DatabaseError {
    let kind: Kind =
      switch code {
      case ENOSPC, EDQUOT: .full
      case EROFS, EACCES, EPERM: .readOnly
      case EEXIST: .constraint
      default: .unavailable
      }
    return DatabaseError(kind: kind, code: code, message: "\(path): \(systemMessage(code))")
  }
}
