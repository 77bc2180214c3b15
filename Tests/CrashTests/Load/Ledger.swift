import Synchronization

/// What the clients sent and what the server acknowledged; from it follows what the database must and may hold.
final class Ledger: Sendable {
  struct Exchange: Sendable {
    /// Unlike that of any other exchange: the ledger finds it by this text.
    var query: String
    var answer: String
    var conversation: String?
    var clientMessageID: String?
  }

  struct Entry: Sendable {
    var exchange: Exchange
    /// From the acknowledgement; all acknowledgements of one exchange must say the same.
    var messageID: String?
    var conversation: String?
  }

  private struct State {
    var entries: [String: Entry] = [:]
    /// Exchanges with a client_message_id, to be repeated.
    var repeatable: [Exchange] = []
    var conversations: [String] = []
    var touched: Set<String> = []
    var sendings = 0
    var acknowledgements = 0
    var contradictions: [String] = []
  }

  private let state = Mutex(State())

  /// Before each sending: from now on the exchange may be stored.
  func send(_ exchange: Exchange) {
    state.withLock { state in
      state.sendings += 1
      if let conversation = exchange.conversation, state.touched.insert(conversation).inserted {
        state.conversations.append(conversation)
      }
      guard state.entries[exchange.query] == nil else { return }
      state.entries[exchange.query] = Entry(exchange: exchange, conversation: exchange.conversation)
      if exchange.clientMessageID != nil { state.repeatable.append(exchange) }
    }
  }

  func acknowledge(_ exchange: Exchange, messageID: String, conversation: String) {
    state.withLock { state in
      guard var entry = state.entries[exchange.query] else { return }
      if let first = entry.messageID, first != messageID || entry.conversation != conversation {
        state.contradictions.append("\(exchange.query) is \(first), then \(messageID)")
      }
      if let asked = exchange.conversation, asked != conversation {
        state.contradictions.append("\(exchange.query) was sent to \(asked) and went to \(conversation)")
      }
      if state.touched.insert(conversation).inserted { state.conversations.append(conversation) }
      entry.messageID = messageID
      entry.conversation = conversation
      state.entries[exchange.query] = entry
      state.acknowledgements += 1
    }
  }

  func contradict(_ text: String) { state.withLock { $0.contradictions.append(text) } }

  var contradictions: [String] { state.withLock { $0.contradictions } }

  /// Different exchanges that were acknowledged at least once.
  var acknowledgedCount: Int { state.withLock { $0.entries.values.count { $0.messageID != nil } } }

  var attemptedCount: Int { state.withLock { $0.entries.count } }

  var entries: [String: Entry] { state.withLock { $0.entries } }

  func randomConversation(_ random: inout some RandomNumberGenerator) -> String? {
    state.withLock { $0.conversations.randomElement(using: &random) }
  }

  func randomRepeatable(_ random: inout some RandomNumberGenerator) -> Exchange? {
    state.withLock { $0.repeatable.randomElement(using: &random) }
  }

  /// The conversations that something was sent to since the last call.
  func takeTouchedConversations() -> Set<String> {
    state.withLock { state in
      defer { state.touched = [] }
      return state.touched
    }
  }

  var conversations: Set<String> { state.withLock { Set($0.conversations) } }
}
