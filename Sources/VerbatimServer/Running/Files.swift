import Glibc

/// What the system said about a file, as one line.
package struct FileError: Error, Sendable, CustomStringConvertible {
  package let description: String
  /// Without the path, for those who are not to know it.
  let reason: String

  /// Reads `errno`, so it must be made right after the call that failed.
  init(_ action: String, _ path: String) {
    reason = String(cString: strerror(errno))
    description = "cannot \(action) \(path): \(reason)"
  }
}

enum FilePath {
  /// The folder, `.` where none is named, and the last name.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.utf8.index(after: slash)...]))
  }
}

enum FileBytes {
  /// The first 4 KB from the start of an open file; empty when it cannot be read.
  static func read(_ file: Int32) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = max(0, pread(file, buffer.baseAddress, buffer.count, 0))
    }
  }

  /// A whole file of at most `limit` bytes.
  static func all(ofFile path: String, limit: Int) throws(FileError) -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw FileError("open", path) }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    if count > limit { errno = EFBIG }
    guard count <= limit, ferror(file) == 0 else { throw FileError("read", path) }
    return Array(bytes.prefix(count))
  }
}
