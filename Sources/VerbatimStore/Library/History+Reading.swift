import Foundation
import VerbatimModel

extension History {
  /// The newest messages of a conversation, oldest first: at most `limit`, from 1 to 1,000. Failed exchanges are not among
  /// them. nil where the account has no such conversation, or it was deleted.
  ///
  /// Costs what it returns, however long the conversation is. Fewer come where they would hold more than 16 MB of text.
  public func conversationMessages(
    _ conversationID: String, limit: Int = 50
  ) async throws(HistoryError) -> [ChatMessage]? {
    let limit: Int = try Self.checked(limit, 1...1_000)
    do {
      return try await store.messages(of: conversationID, within: reach, limit: limit)?.messages.map {
        ChatMessage($0.message)
      }
    } catch {
      throw HistoryError(error)
    }
  }

  /// A user's conversations, those that were begun last first: at most `limit`, from 1 to 100. `cursor` is the `next` of
  /// the page before. Deleted ones are not among them.
  public func userConversations(
    _ userID: String, limit: Int = 20, cursor: String? = nil
  ) async throws(HistoryError) -> ConversationSummaries {
    var query = ConversationQuery(reach)
    query.userID = userID
    query.limit = try Self.checked(limit, 1...100)
    if let cursor {
      query.cursor = ConversationCursor(cursor, of: query)
      if query.cursor == nil { throw .rejected(field: "cursor", reason: "is none that a page of this list had") }
    }
    do {
      let page: ConversationPage = try await store.conversations(matching: query)
      return ConversationSummaries(
        conversations: page.conversations.map(ConversationSummary.init), next: page.next?.text)
    } catch {
      throw HistoryError(error)
    }
  }

  /// Deletes a conversation of the user's: it is hidden from every list and read from now on, and kept until it is purged.
  /// A new exchange in it brings it back. Answers whether there was one.
  public func deleteUserConversation(_ userID: String, _ conversationID: String) async throws(HistoryError) -> Bool {
    var reach: Reach = reach
    reach.user = userID
    do {
      return try await store.delete(conversationID, within: reach)
    } catch {
      throw HistoryError(error)
    }
  }

  /// What a user's conversations come to; nil: those of the whole account. From counters that move with each exchange, so
  /// it is exact and costs no reading of messages.
  public func conversationStats(userID: String? = nil) async throws(HistoryError) -> ConversationStats {
    var reach: Reach = reach
    reach.user = userID
    do {
      return ConversationStats(try await store.statistics(within: reach))
    } catch {
      throw HistoryError(error)
    }
  }

  private static func checked(_ limit: Int, _ range: ClosedRange<Int>) throws(HistoryError) -> Int {
    if range.contains(limit) { return limit }
    throw .rejected(field: "limit", reason: "must be from \(range.lowerBound) to \(range.upperBound)")
  }
}
