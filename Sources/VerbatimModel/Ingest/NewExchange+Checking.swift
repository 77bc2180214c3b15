extension NewExchange {
  private static let roles: Set<String> = ["system", "developer", "user", "assistant", "tool", "function"]
  private static let mostChoices = 100

  /// Checks an exchange that was made of values by a program, not parsed from a body, against the same limits; errors
  /// name its properties. `now`: Unix milliseconds.
  package func check(now: Int64) throws(InvalidExchange) {
    try Self.check("appID", appID, limit: IngestLimits.appID, isRequired: true)
    try Self.check("userID", userID, limit: IngestLimits.userID, isRequired: true)
    try Self.check("conversationID", conversationID, limit: IngestLimits.conversationID, isRequired: true)
    try Self.check("clientMessageID", clientMessageID, limit: IngestLimits.clientMessageID, isRequired: true)
    try Self.check("provider", modelProvider, limit: IngestLimits.modelProvider, isRequired: true)
    try Self.check("model", modelName, limit: IngestLimits.modelID, isRequired: true)
    try Self.check("finishReason", finishReason, limit: IngestLimits.code)
    try Self.check("systemFingerprint", systemFingerprint, limit: IngestLimits.code)
    try Self.check("responseID", responseID, limit: IngestLimits.code)
    try Self.check("code", failure?.code, limit: IngestLimits.code)
    try Self.check("metadata", metadata)
    try Self.check("usage", usage)
    try Self.check("messages", messages, 1...IngestLimits.messages)
    try Self.check("choices", choices, (failure == nil ? 1 : 0)...Self.mostChoices)
    if let createdAt { try Self.check(createdAt: createdAt, now: now) }
  }

  private static func check(
    _ name: String, _ text: String?, limit: Int, isRequired: Bool = false
  ) throws(InvalidExchange) {
    guard let text else { return }
    if isRequired, text.isEmpty { throw .empty(name) }
    if text.utf8.contains(0) { throw .invalid(field: name, reason: "must not hold NUL") }
    if text.unicodeScalars.count > limit { throw .tooLong(name, limit: limit) }
  }

  private static func check(_ name: String, _ object: Bytes?) throws(InvalidExchange) {
    if let object, object.count > IngestLimits.objectSize { throw .tooLarge(name, limit: IngestLimits.objectSize) }
  }

  private static func check(
    _ name: String, _ messages: [Message], _ counts: ClosedRange<Int>
  ) throws(InvalidExchange) {
    if messages.count < counts.lowerBound { throw .empty(name) }
    if messages.count > counts.upperBound { throw .tooMany(name, limit: counts.upperBound) }
    for (index, message) in messages.enumerated() {
      guard roles.contains(message.role) else {
        let reason = "must be one of " + roles.sorted().joined(separator: ", ")
        throw .invalid(field: "\(name)[\(index)].role", reason: reason)
      }
      try check("\(name)[\(index)].name", message.name, limit: IngestLimits.name)
    }
  }

  private static func check(createdAt: Int64, now: Int64) throws(InvalidExchange) {
    let day: Int64 = 86_400_000
    let oldest = now - IngestLimits.oldestYears * 365 * day - IngestLimits.oldestYears / 4 * day
    guard (oldest...(now + day)).contains(createdAt) else {
      let years = Int(IngestLimits.oldestYears)
      throw .invalid(field: "createdAt", reason: "must lie between \(years) years ago and one day ahead", limit: years)
    }
  }
}
