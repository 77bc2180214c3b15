import Glibc
import VerbatimModel

/// How far an import has come, kept beside its file so that `--resume` need not send again what is stored.
package struct ImportPosition: Sendable, Equatable {
  /// Lines that are stored or reported.
  var lines: Int
  /// Of the last of them, to notice a file that has changed since.
  var digest: String
  /// Where they went.
  var destination: String

  private static func path(for file: String) -> String { file + ".verbatim-import" }

  /// nil when there is none. Throws when the lines went elsewhere.
  package static func read(besides file: String, for destination: String) throws(ImportError) -> ImportPosition? {
    guard let position = read(besides: file) else { return nil }
    guard position.destination == destination else {
      throw ImportError("the last import of \(file) went to \(position.destination); import without --resume")
    }
    return position
  }

  private static func read(besides file: String) -> ImportPosition? {
    let descriptor = open(path(for: file), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let parts = String(decoding: FileBytes.read(descriptor), as: UTF8.self).split(separator: "\n")
    guard parts.count == 3, let lines = Int(parts[0]), lines > 0 else { return nil }
    return ImportPosition(lines: lines, digest: String(parts[1]), destination: String(parts[2]))
  }

  package func write(besides file: String) throws {
    let path = Self.path(for: file)
    let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError("write", path) }
    let text = "\(lines)\n\(digest)\n\(destination)\n"
    let count = Glibc.write(descriptor, text, text.utf8.count)
    close(descriptor)
    guard count == text.utf8.count, rename(path + ".new", path) == 0 else { throw FileError("write", path) }
  }

  package static func remove(besides file: String) { unlink(path(for: file)) }
}
