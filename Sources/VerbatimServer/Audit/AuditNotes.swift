import Synchronization
import VerbatimModel
import VerbatimStore

/// What a handler has to say of what it did, for the trail: the id of a key that was made, how many were purged. Never
/// content.
///
///     AuditNotes.current?.add("key_id", id)
final class AuditNotes: Sendable {
  @TaskLocal static var current: AuditNotes?

  private let notes = Mutex<[(name: String, value: String)]>([])

  func add(_ name: String, _ value: String) { notes.withLock { $0.append((name, value)) } }

  var all: [(name: String, value: String)] { notes.withLock { $0 } }
}

extension AuditEntry {
  /// A JSON object of texts; nil for none.
  static func detail(_ notes: [(name: String, value: String)]) -> String? {
    guard !notes.isEmpty else { return nil }
    var json = JSONWriter()
    json.beginObject()
    for (name, value) in notes {
      json.key(text: name)
      json.string(value)
    }
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self)
  }
}
