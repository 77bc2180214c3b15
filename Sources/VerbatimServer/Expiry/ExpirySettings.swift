/// When conversations expire, and what becomes of them.
package struct ExpirySettings: Sendable, Equatable {
  package enum Action: String, Sendable, CaseIterable { case archive, purge }

  /// nil: never.
  package var sessionHours: Int? = 24
  package var historyHours: Int?
  /// Of chat sessions; recorded history is archived, whatever this says.
  package var sessionAction = Action.archive

  package init() {}

  var isOn: Bool { sessionHours != nil || historyHours != nil }
}

extension Settings {
  static let expiry: [Setting] = [
    Setting(
      "SESSION_EXPIRY_HOURS", "--session-expiry-hours", "HOURS", standard: "24",
      "After how many hours without an exchange a chat session expires; 0: never."
    ) { text, configuration throws(SettingError) in
      configuration.expiry.sessionHours = try hours(text)
    },
    Setting(
      "HISTORY_EXPIRY_HOURS", "--history-expiry-hours", "HOURS", standard: "0",
      "The same for every other conversation; 0: never."
    ) { text, configuration throws(SettingError) in
      configuration.expiry.historyHours = try hours(text)
    },
    Setting(
      "SESSION_EXPIRY_ACTION", "--session-expiry-action", "ACTION", standard: "archive",
      "What becomes of a chat session that expired: archive, or purge, which deletes it for good."
    ) { text, configuration throws(SettingError) in
      configuration.expiry.sessionAction = try Value.choice(text, of: ExpirySettings.Action.self)
    },
  ]

  /// nil for 0.
  private static func hours(_ text: String) throws(SettingError) -> Int? {
    let hours = try Value.integer(text, 0...876_000)
    return hours == 0 ? nil : hours
  }
}
