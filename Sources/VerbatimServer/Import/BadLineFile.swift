import Glibc
import VerbatimModel

/// Keeps the lines that were not recorded, a JSON object each: `{"line": 12, "error": …, "detail": …}`.
package final class BadLineFile: Sendable {
  private let descriptor: Int32
  private let path: String

  package init(_ path: String, appends: Bool) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (appends ? O_APPEND : O_TRUNC), 0o644)
    guard descriptor >= 0 else { throw FileError("write", path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package func add(_ line: Importer.BadLine) throws {
    var json = JSONWriter()
    json.beginObject()
    json.key("line")
    json.integer(line.number)
    json.key("error")
    json.string(line.code)
    json.key("detail")
    json.string(line.detail)
    json.endObject()
    json.endLine()
    guard write(descriptor, json.bytes, json.bytes.count) == json.bytes.count else { throw FileError("write", path) }
  }
}
