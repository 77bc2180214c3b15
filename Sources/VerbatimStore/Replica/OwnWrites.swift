import VerbatimModel

/// What this process has written and a replica may not have yet, newest exchange by conversation.
///
/// A replica takes transactions in the order of their commits. So once it has an exchange, it has everything whose
/// receipt was given before that exchange's transaction began: one exchange at a time is looked for, and confirms the others.
struct OwnWrites {
  struct Conversation: Hashable {
    let account: ExactText
    let id: ExactText

    init(_ id: String, account: String) {
      self.account = ExactText(account)
      self.id = ExactText(id)
    }
  }

  /// The exchange that is looked for.
  struct Probe {
    let exchangeID: UUIDv7
    let writtenAt: ContinuousClock.Instant
    /// What had been written when its transaction began.
    fileprivate let confirms: UInt64
  }

  private struct Write {
    let exchangeID: UUIDv7
    let number: UInt64
  }

  private let capacity: Int
  private var newest: [Conversation: Write] = [:]
  private(set) var probe: Probe?
  /// How many writes there were: the number of the last one.
  private(set) var count: UInt64 = 0
  /// The last one that there was no room to remember; nil when all are.
  private var lastForgotten: UInt64?

  /// Whether some conversation may have been written to that is not remembered.
  var isOverflown: Bool { lastForgotten != nil }

  init(capacity: Int) { self.capacity = capacity }

  /// An exchange is durable now, whose transaction began when `before` had been written. To be told in the order of
  /// commits. `isRepeat`: it was written before, who knows when, so its being there tells of no other, and what its
  /// conversation needs may be newer.
  mutating func note(
    _ exchangeID: UUIDv7, in conversation: Conversation, before: UInt64, isRepeat: Bool = false,
    at now: ContinuousClock.Instant
  ) {
    if isRepeat, newest[conversation] != nil { return }
    count += 1
    if probe == nil, !isRepeat { probe = Probe(exchangeID: exchangeID, writtenAt: now, confirms: before) }
    if newest.count < capacity || newest[conversation] != nil {
      newest[conversation] = Write(exchangeID: exchangeID, number: count)
    } else {
      lastForgotten = count
    }
  }

  /// What a replica must have before this conversation is read there; nil when nothing is known that it lacks.
  func exchange(neededFor conversation: Conversation) -> UUIDv7? { newest[conversation]?.exchangeID }

  /// The replica has what a conversation needed.
  mutating func confirm(_ exchangeID: UUIDv7, in conversation: Conversation) {
    if newest[conversation]?.exchangeID == exchangeID { newest[conversation] = nil }
  }

  /// The replica has the exchange that is looked for; the next one written takes its place.
  mutating func confirm(_ found: Probe) {
    guard let probe, probe.exchangeID == found.exchangeID else { return }
    self.probe = nil
    newest = newest.filter { $0.value.number > probe.confirms }
    if let lastForgotten, lastForgotten <= probe.confirms { self.lastForgotten = nil }
  }

  /// The exchange that is looked for is nowhere any more, so it tells nothing; the next one written takes its place.
  mutating func giveUp(_ lost: Probe) {
    if probe?.exchangeID == lost.exchangeID { probe = nil }
  }
}
