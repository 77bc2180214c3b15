import Databases
import VerbatimModel

/// Exchanges by the ids that their providers gave, as those who ask a provider for what it stored name them.
extension Store {
  /// The newest exchange that a provider answered under this id; nil where there is none within reach.
  package func completion(_ responseID: String, within reach: Reach) async throws -> StoredExchange? {
    let reading = reading(within: reach)
    return try await readingHistory { connection, absent in
      try connection.snapshot { try connection.completion(responseID, reading.without(absent)) }
    }
  }

  /// Whether this id is that of somebody else's exchange: one out of reach has it, in whatever account, and within none
  /// that a channel answered, since an exchange may be recorded with any id.
  package func isCompletionOfAnother(_ responseID: String, than reach: Reach) async throws -> Bool {
    let reading = reading(within: reach)
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        let reading = reading.without(absent)
        return try !connection.isOfChannel(responseID, reading)
          && connection.isCompletion(responseID, beyond: reading)
      }
    }
  }

  /// Whether an exchange out of reach has this id, in whatever account.
  package func isCompletion(_ responseID: String, beyond reach: Reach) async throws -> Bool {
    let reading = reading(within: reach)
    return try await readingHistory { connection, absent in
      try connection.snapshot { try connection.isCompletion(responseID, beyond: reading.without(absent)) }
    }
  }

  /// Whether a channel answered a call within reach under this id; what was only recorded may have any id.
  package func isOfChannel(_ responseID: String, within reach: Reach) async throws -> Bool {
    let reading = reading(within: reach)
    return try await readingHistory { connection, absent in
      try connection.snapshot { try connection.isOfChannel(responseID, reading.without(absent)) }
    }
  }

  /// Chat completions alone. A page that holds something ends after looking at 2,000 exchanges of the account; an empty
  /// one means that there are no more. nil where the one to go on behind is not there.
  package func completions(matching query: CompletionQuery) async throws -> CompletionPage? {
    let reading = reading(within: query.reach)
    return try await readingHistory { connection, absent in
      try connection.snapshot { try connection.completions(matching: query, reading.without(absent)) }
    }
  }

  /// Replaces the metadata of a completion; nil where there is none. `metadata`: a JSON object.
  package func setMetadata(
    _ metadata: Bytes?, ofCompletion responseID: String, within reach: Reach
  ) async throws -> StoredExchange? {
    let (reading, redaction) = (reading(within: reach), redaction)
    return try await managing { connection in
      try connection.transaction {
        guard let found = try connection.completion(responseID, reading) else { return nil }
        let redactor: Redactor? = redaction?.redactor(of: found.appID)
        let kept: Bytes? = metadata.map { redactor?.json($0) ?? $0 }
        guard try connection.setMetadata(kept, of: found.id, reading) else { return nil }
        return try connection.completion(responseID, reading)
      }
    }
  }

  /// Nobody finds the completion by its id any more; the conversation that it belongs to keeps its messages. Answers
  /// whether it was there.
  package func forgetCompletion(_ responseID: String, within reach: Reach) async throws -> Bool {
    let reading = reading(within: reach)
    return try await managing { connection in
      try connection.transaction { try connection.forgetResponse(responseID, reading) }
    }
  }

  private func reading(within reach: Reach) -> CompletionReading {
    CompletionReading(reach: reach, calendar: calendar, keys: contentKeys)
  }
}

extension CompletionReading {
  func without(_ tables: Set<String>) -> CompletionReading {
    var reading: CompletionReading = self
    reading.absentTables = tables
    return reading
  }
}
