import Foundation
import VerbatimModel

/// A conversation without its messages.
public struct ConversationSummary: Sendable, Hashable {
  /// Unique within the account.
  public let id: String
  /// The application of its first exchange.
  public let appID: String
  /// The end user of its first exchange.
  public let userID: String
  /// As it was named, else the beginning of its first question.
  public let name: String
  /// Put away, but listed and read as any other.
  public let isArchived: Bool
  /// Of its last exchange.
  public let model: String?
  /// Exchanges that were answered.
  public let exchangeCount: Int
  /// Exchanges that failed.
  public let errorCount: Int
  /// Messages of the exchanges that were answered, questions and answers alike.
  public let messageCount: Int
  /// As far as providers told them.
  public let totalTokens: Int
  /// When its first exchange was, to the millisecond.
  public let createdAt: Date
  /// When its last exchange was, to the millisecond.
  public let lastActiveAt: Date

  init(_ conversation: Conversation) {
    id = conversation.id
    appID = conversation.appID
    userID = conversation.userID
    name = conversation.name
    isArchived = conversation.status == .archived
    model = conversation.modelName
    exchangeCount = Int(conversation.dialogueCount)
    errorCount = Int(conversation.errorCount)
    messageCount = Int(conversation.messageCount)
    totalTokens = Int(conversation.totalTokens)
    createdAt = Date(timeIntervalSince1970: Double(conversation.createdAt) / 1000)
    lastActiveAt = Date(timeIntervalSince1970: Double(conversation.lastActiveAt) / 1000)
  }
}

/// A page of a list of conversations.
public struct ConversationSummaries: Sendable, Hashable {
  /// In the order of the list.
  public let conversations: [ConversationSummary]
  /// Where to go on, whatever came and went meanwhile; nil at the end.
  public let next: String?
}

/// What conversations come to.
public struct ConversationStats: Sendable, Hashable {
  /// Those that are not deleted.
  public let totalConversations: Int
  /// Their messages.
  public let totalMessages: Int
  /// Their tokens, as far as providers told them.
  public let totalTokens: Int
  /// Exchanges by model, failed ones included.
  public let modelsUsed: [String: Int]
  /// Messages by day, `2025-01-15`, in the history's time zone; days without any are left out.
  public let dailyMessageCount: [String: Int]

  init(_ statistics: ConversationStatistics) {
    totalConversations = Int(statistics.conversations)
    totalMessages = Int(statistics.messages)
    totalTokens = Int(statistics.tokens)
    modelsUsed = Dictionary(statistics.exchangesByModel.map { ($0.model, Int($0.count)) }, uniquingKeysWith: +)
    dailyMessageCount = Dictionary(
      statistics.messagesByDay.map { ("\($0.day)", Int($0.count)) }, uniquingKeysWith: +)
  }
}
