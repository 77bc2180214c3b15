import VerbatimStore

/// Keeps a history of its own: `Embedding [DSN]`, by default in the file history.db.
@main
struct Embedding {
  static func main() async throws {
    let dsn = CommandLine.arguments.dropFirst().first ?? "history.db"
    let history = try await History.open(History.Configuration(dsn: dsn))
    do {
      try await save(in: history)
      try await read(from: history)
    } catch {
      await history.close()
      throw error
    }
    await history.close()
  }

  private static func save(in history: History) async throws {
    var completion = ChatCompletion(model: "gpt-4o-mini", question: "你好", answer: "你好！")
    completion.conversationID = "greeting"
    completion.userID = "ada"
    completion.clientMessageID = "request-1"
    completion.usageJSON = #"{"prompt_tokens": 15, "completion_tokens": 25, "total_tokens": 40}"#
    completion.finishReason = "stop"
    let first = try await history.saveChatCompletion(completion)
    let repeated = try await history.saveChatCompletion(completion)
    print("saved once:", first.exchangeID == repeated.exchangeID && repeated.isDuplicate)

    var toolCall = ChatCompletion(
      model: "gpt-4o-mini", messages: [ChatMessage(role: "user", text: "And the weather?")],
      choices: [
        try ChatMessage(
          json: """
            {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", \
            "function": {"name": "weather", "arguments": "{}"}}]}
            """)
      ])
    toolCall.conversationID = "greeting"
    toolCall.userID = "ada"
    _ = try await history.saveChatCompletion(toolCall)

    var failed = FailedCompletion(
      model: "gpt-4", messages: [ChatMessage(role: "user", text: "Tell me everything.")], code: "400",
      message: "content filter")
    failed.completion.userID = "ada"
    _ = try await history.saveErrorConversation(failed)
  }

  private static func read(from history: History) async throws {
    for message in try await history.conversationMessages("greeting") ?? [] { print(message.json) }

    let list = try await history.userConversations("ada")
    print("conversations:", list.conversations.map(\.name).sorted().joined(separator: ", "))

    let stats = try await history.conversationStats(userID: "ada")
    print("messages:", stats.totalMessages, "tokens:", stats.totalTokens)
    let models = stats.modelsUsed.map { "\($0.key) \($0.value)" }.sorted()
    print("models:", models.joined(separator: ", "))

    print("deleted by another:", try await history.deleteUserConversation("eve", "greeting"))
    print("deleted:", try await history.deleteUserConversation("ada", "greeting"))
    print("messages now:", try await history.conversationMessages("greeting")?.count ?? 0)
  }
}
