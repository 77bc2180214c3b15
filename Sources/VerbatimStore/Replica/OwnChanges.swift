import VerbatimModel

/// What this process has changed of conversations and a replica may not have yet: the time of each one's last change.
///
/// Every change has a later `updated_at` than all before it, so a replica that shows one as late has it; and one that
/// shows no such conversation has seen it go.
struct OwnChanges {
  private let capacity: Int
  private var newest: [OwnWrites.Conversation: Int64] = [:]

  init(capacity: Int) { self.capacity = capacity }

  /// Where there is no room, another is forgotten.
  mutating func note(_ conversation: OwnWrites.Conversation, at time: Int64) {
    if newest.count >= capacity, newest[conversation] == nil, let other = newest.keys.first { newest[other] = nil }
    newest[conversation] = time
  }

  /// The time that a replica must show; nil when nothing is known that it lacks.
  func time(neededFor conversation: OwnWrites.Conversation) -> Int64? { newest[conversation] }

  mutating func confirm(_ time: Int64, of conversation: OwnWrites.Conversation) {
    if newest[conversation] == time { newest[conversation] = nil }
  }
}
