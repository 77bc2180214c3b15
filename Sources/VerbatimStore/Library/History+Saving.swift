import VerbatimModel

extension History {
  /// Saves a finished exchange; returns when it is durable.
  ///
  /// Repeats of one `clientMessageID`, concurrent ones included, save one exchange and answer the same ids. Throws
  /// `HistoryError.rejected` with the field that is not within its limits, `.unavailable` where the database takes
  /// nothing now: then nothing is saved.
  public func saveChatCompletion(_ completion: ChatCompletion) async throws(HistoryError) -> SavedExchange {
    try await save { try completion.exchange() }
  }

  /// Saves a request that failed, in the history of errors. A repeat with the same `clientMessageID` is saved again,
  /// since a retry may succeed.
  public func saveErrorConversation(_ failed: FailedCompletion) async throws(HistoryError) -> SavedExchange {
    try await save {
      try failed.completion.exchange(failure: NewExchange.Failure(code: failed.code, message: failed.message))
    }
  }

  private func save(_ exchange: () throws -> NewExchange) async throws(HistoryError) -> SavedExchange {
    do {
      let exchange: NewExchange = try exchange()
      try exchange.check(now: UnixClock.milliseconds())
      let receipt: Store.Receipt = try await store.append(exchange, account: account)
      return SavedExchange(
        conversationID: receipt.conversationID, exchangeID: receipt.exchangeID.description,
        isDuplicate: receipt.isDuplicate)
    } catch {
      throw HistoryError(error)
    }
  }
}
