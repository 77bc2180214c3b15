import Synchronization
import VerbatimModel
import VerbatimStore

/// What a handler has to say of what it did, for the trail: the id of a key that was made, how many were purged, and which
/// conversation it was where the path does not name it. Never content.
///
///     AuditNotes.current?.add("key_id", id)
final class AuditNotes: Sendable {
  /// nil also while a conversation is read that the path names: all is said then.
  @TaskLocal static var current: AuditNotes?

  private struct Said {
    var conversation: String?
    var notes: [(name: String, value: String)] = []
  }

  private let said = Mutex(Said())

  func add(_ name: String, _ value: String) { said.withLock { $0.notes.append((name, value)) } }

  func add(conversation: String) { said.withLock { $0.conversation = conversation } }

  var all: [(name: String, value: String)] { said.withLock { $0.notes } }

  var conversation: String? { said.withLock { $0.conversation } }
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
