import VerbatimStore

/// What an operator decides about `POST /api/chat`.
package struct ChatSettings: Sendable, Equatable {
  /// Where neither a question nor its session names a model; nil: `DEFAULT_MODEL_ID`.
  package var model: String?
  /// What of a conversation is told again.
  package var limits = ChatLimits()
  /// 0 keeps no answers.
  package var cachedAnswers = 1000
  /// Bytes of them together.
  package var cacheSize = 64 << 20
  package var cacheLifetime: Duration = .seconds(3600)
  /// Who sets a higher temperature asks for variety.
  package var cacheTemperature = 0.5

  package init() {}
}

extension Settings {
  static let chat: [Setting] = [
    Setting(
      "CHAT_MODEL", "--chat-model", "NAME",
      "The model that /api/chat asks where neither question nor session names one; DEFAULT_MODEL_ID when unset."
    ) { text, configuration throws(SettingError) in
      configuration.chat.model = try Value.text(text, longest: 128)
    },
    Setting(
      "CHAT_CONTEXT_MESSAGES", "--chat-context-messages", "COUNT", standard: "10",
      "How many of a conversation's last messages the model is told again."
    ) { text, configuration throws(SettingError) in
      configuration.chat.limits.messages = try Value.integer(text, 0...1000)
    },
    Setting(
      "CHAT_CONTEXT_TOKENS", "--chat-context-tokens", "COUNT", standard: "8000",
      "Up to how many tokens, by estimate."
    ) { text, configuration throws(SettingError) in
      configuration.chat.limits.tokens = try Value.integer(text, 0...10_000_000)
    },
    Setting(
      "CHAT_CACHE_ENTRIES", "--chat-cache-entries", "COUNT", standard: "1000",
      "How many answers are kept in memory for the same question in the same context; 0: no answer is used again."
    ) { text, configuration throws(SettingError) in
      configuration.chat.cachedAnswers = try Value.integer(text, 0...10_000_000)
    },
    Setting("CHAT_CACHE_MB", "--chat-cache-mb", "MB", standard: "64", "What these answers may take of memory.") {
      text, configuration throws(SettingError) in
      configuration.chat.cacheSize = try Value.integer(text, 1...65_536) << 20
    },
    Setting(
      "CHAT_CACHE_SECONDS", "--chat-cache-seconds", "SECONDS", standard: "3600",
      "How long they are kept, also in Redis where there is one."
    ) { text, configuration throws(SettingError) in
      configuration.chat.cacheLifetime = try Value.seconds(text, 1...31_536_000)
    },
    Setting(
      "CHAT_CACHE_TEMPERATURE", "--chat-cache-temperature", "NUMBER", standard: "0.5",
      "Who sets a higher temperature asks for variety, and gets no kept answer unless the request says cache: true."
    ) { text, configuration throws(SettingError) in
      configuration.chat.cacheTemperature = try Value.decimal(text, 0...2)
    },
  ]
}
