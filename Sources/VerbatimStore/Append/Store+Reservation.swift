import VerbatimModel

extension Store {
  /// Ids that are told before there is anything to record: those of a call whose answer begins before it is whole.
  package struct ExchangeReservation: Sendable {
    /// Of the first row; the exchange's own follows as many further on as it was reserved for.
    let firstID: UUIDv7
    let messageCount: Int

    package var exchangeID: UUIDv7 { firstID.adding(UInt64(messageCount)) }

    /// Of an exchange that begins a conversation.
    package var conversationID: String { firstID.description }
  }

  private static let roomForAnswers = 256

  /// For an exchange of up to so many input messages.
  package func reserveExchange(messageCount: Int) -> ExchangeReservation {
    ExchangeReservation(
      firstID: ids.next(count: messageCount + Self.roomForAnswers, at: nil), messageCount: messageCount)
  }

  /// Records an exchange under the id that it was promised, however many of its messages are stored.
  package func append(
    _ exchange: NewExchange, account: String, as reservation: ExchangeReservation
  ) async throws(StoreError) -> Receipt {
    var exchange = exchange
    exchange = placed(exchange)
    if exchange.failure == nil && exchange.messages.isEmpty && exchange.choices.isEmpty {
      // A row has to carry it, also where all that was said is known and nobody has answered.
      exchange.choices = [Message(role: "assistant", content: nil, contentKind: .none)]
    }
    let stored: Int = PendingExchange.inputCount(of: exchange)
    // One that is stored whole is called so anyway, and claims its key as one that came without a conversation.
    if stored != reservation.messageCount {
      exchange.conversationID = exchange.conversationID ?? reservation.conversationID
    }
    precondition(stored <= reservation.messageCount, "an exchange has more messages than were reserved for")
    return try await append(
      PendingExchange(
        exchange, accountID: account,
        firstID: reservation.firstID.adding(UInt64(reservation.messageCount - stored)), calendar: calendar,
        currency: configuration.currency, recordedAt: configuration.clock(), keys: contentKeys))
  }
}
