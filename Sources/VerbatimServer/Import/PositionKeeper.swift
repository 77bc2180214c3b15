import Glibc
import Synchronization
import VerbatimModel

/// How far an import has come.
package struct ImportPosition: Sendable, Equatable {
  /// Lines that are stored or reported.
  var lines: Int
  /// Of the last of them, to notice a file that has changed since.
  var digest: String
  /// Where they went.
  var destination: String
}

/// Keeps an import's position beside its file, so that `--resume` need not send again what is stored. A convenience:
/// where it cannot be written, that is told once and the import goes on.
final class PositionKeeper: Sendable {
  private let file: String
  private let path: String
  private let onNotice: @Sendable (String) -> Void
  private let hasFailed = Atomic<Bool>(false)

  init(besides file: String, onNotice: @escaping @Sendable (String) -> Void) {
    self.file = file
    path = file + ".verbatim-import"
    self.onNotice = onNotice
  }

  /// nil when there is none. Throws when the lines went elsewhere.
  func position(for destination: String) throws(ImportError) -> ImportPosition? {
    guard let position = read() else { return nil }
    guard position.destination == destination else {
      throw ImportError("the last import of \(file) went to \(position.destination); import without --resume")
    }
    return position
  }

  func keep(_ position: ImportPosition) {
    guard !hasFailed.load(ordering: .relaxed) else { return }
    do {
      try write(position)
    } catch {
      hasFailed.store(true, ordering: .relaxed)
      onNotice("\(error); the import goes on, and --resume will not know how far it came")
    }
  }

  func remove() { unlink(path) }

  private func read() -> ImportPosition? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let parts = String(decoding: FileBytes.read(descriptor), as: UTF8.self).split(separator: "\n")
    guard parts.count == 3, let lines = Int(parts[0]), lines > 0 else { return nil }
    return ImportPosition(lines: lines, digest: String(parts[1]), destination: String(parts[2]))
  }

  private func write(_ position: ImportPosition) throws {
    let new = path + ".new"
    let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("write", path) }
    let text = "\(position.lines)\n\(position.digest)\n\(position.destination)\n"
    let count = Glibc.write(descriptor, text, text.utf8.count)
    close(descriptor)
    guard count == text.utf8.count, rename(new, path) == 0 else { throw FileError("write", path) }
  }
}
