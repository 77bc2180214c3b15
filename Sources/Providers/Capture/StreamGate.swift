import VerbatimModel

/// Which of a stream's bytes may go on: those of whole events, until one has to wait.
struct StreamGate {
  /// Of an event that has not ended.
  private var unfinished: [UInt8] = []
  /// What waits for the record.
  private(set) var held: [UInt8] = []
  private(set) var isHolding = false

  var waitingCount: Int { unfinished.count + held.count }

  /// The piece of the chunk that an event ends with.
  mutating func end(_ piece: Bytes, _ release: Release, into released: inout Bytes) {
    defer { unfinished.removeAll(keepingCapacity: true) }
    switch release {
    case .never: return
    case .afterRecording: isHolding = true
    case .now, .unread: break
    }
    if isHolding {
      held += unfinished
      held += piece
    } else if unfinished.isEmpty {
      Self.append(piece, to: &released)
    } else {
      Self.append((unfinished + piece)[...], to: &released)
    }
  }

  mutating func keep(_ piece: Bytes) { unfinished += piece }

  /// Everything that waits, when it no longer has to.
  mutating func takeAll() -> Bytes {
    defer {
      held = []
      unfinished = []
    }
    return (held + unfinished)[...]
  }

  /// Pieces of one chunk that follow each other stay a slice of it.
  private static func append(_ piece: Bytes, to released: inout Bytes) {
    if released.isEmpty { released = piece } else { released += piece }
  }
}
