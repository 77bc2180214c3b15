import Databases
import VerbatimModel

/// Which exchange of a batch holds which key, for engines that take a batch's keys at once and do not tell which of them
/// were taken: plain state. Within the batch the first that claims a key has it.
struct BatchClaims {
  struct Key: Hashable {
    let accountID: ExactText
    let scope: ExactText
    let key: ExactText
  }

  /// The exchange that a key leads to.
  struct Holder {
    let conversationID: String
    let exchangeID: UUIDv7
    let day: Int64
  }

  private let batch: [PendingExchange]
  private let claims: [[Key]]
  private var holders: [Key: Holder] = [:]
  /// Each once, in the order in which every writer takes them.
  let keys: [Key]

  init(_ batch: [PendingExchange]) {
    self.batch = batch
    claims = batch.map { pending in
      let account = ExactText(pending.accountID)
      return pending.claims.map { Key(accountID: account, scope: ExactText($0.scope), key: ExactText($0.key)) }
    }
    for (pending, keys) in zip(batch, claims) {
      for key in keys where holders[key] == nil { holders[key] = pending.holder }
    }
    keys = holders.keys.sorted { left, right in
      (left.accountID.text, left.scope.text, left.key.text) < (right.accountID.text, right.scope.text, right.key.text)
    }
  }

  /// Whom a key of `keys` leads to, as far as is known.
  func holder(of key: Key) -> Holder? { holders[key] }

  /// What the database says about a key.
  mutating func found(_ holder: Holder, for key: Key) { holders[key] = holder }

  /// For each exchange that lost one of its keys, the receipt of the one that has it; and the keys that such a loser
  /// won meanwhile, which lead there from now on.
  mutating func settle() -> (winners: [Store.Receipt?], moved: [Key]) {
    var moved: [Key] = []
    let winners: [Store.Receipt?] = zip(batch, claims).map { pending, keys in
      let lost: Holder? = keys.compactMap { holders[$0] }.first { $0.exchangeID != pending.id }
      guard let lost else { return nil }
      for key in keys where holders[key]?.exchangeID == pending.id {
        holders[key] = lost
        moved.append(key)
      }
      return Store.Receipt(conversationID: lost.conversationID, exchangeID: lost.exchangeID, isDuplicate: true)
    }
    return (winners, moved)
  }
}

extension PendingExchange {
  fileprivate var holder: BatchClaims.Holder {
    BatchClaims.Holder(conversationID: conversationID, exchangeID: id, day: Int64(day.number))
  }
}
