import Databases

/// A table of another program's conversations, as it was found.
package struct LegacyTable: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    /// New API's history: a row a message, or a row a conversation with its messages as JSON.
    case history
    /// New API's history of failed calls.
    case failures
    /// A row a message, with a role: seeds 002 and 004.
    case messages
    /// A row a question with its answer: seed 003.
    case dialogues
    /// What the rows of messages and dialogues belong to.
    case conversations
    case settings
    /// Files of messages or dialogues.
    case files
  }

  struct Column: Sendable, Equatable {
    let name: String
    /// In the engine's words, lower case.
    let type: String
  }

  static let prefix = "legacy_"

  /// The name that its program gave it.
  package let originalName: String
  package let content: Content
  /// Whether it has been put aside already.
  package let isRenamed: Bool
  let columns: [Column]

  /// The name that it has now.
  package var name: String { isRenamed ? Self.prefix + originalName : originalName }

  func has(_ column: String) -> Bool { columns.contains { $0.name == column } }

  func type(of column: String) -> String? { columns.first { $0.name == column }?.type }

  /// Whether its ids are numbers that ascend with time.
  var isNumbered: Bool { type(of: "id")?.contains("int") ?? false }

  /// What is moved by itself; files go with the messages that they belong to.
  var isMoved: Bool { content != .files }

  /// The same table after it was put aside.
  var renamed: LegacyTable { LegacyTable(originalName, content, columns, isRenamed: true) }

  private init(_ originalName: String, _ content: Content, _ columns: [Column], isRenamed: Bool) {
    self.originalName = originalName
    self.content = content
    self.columns = columns
    self.isRenamed = isRenamed
  }

  /// nil for a table of Verbatim's, or one that is not known.
  init?(name: String, columns: [Column]) {
    let isRenamed: Bool = name.hasPrefix(Self.prefix)
    let original = isRenamed ? String(name.dropFirst(Self.prefix.count)) : name
    let names = Set(columns.map(\.name))
    guard !names.contains("account_id"), let content = Self.content(of: original, names) else { return nil }
    self.init(original, content, columns, isRenamed: isRenamed)
  }

  private static func content(of name: String, _ columns: Set<String>) -> Content? {
    func has(_ names: String...) -> Bool { columns.isSuperset(of: names) }
    switch name {
    case "messages":
      if has("id", "conversation_id", "query", "answer") { return .dialogues }
      return has("id", "conversation_id", "role", "content") ? .messages : nil
    case "conversations":
      return has("id") && ["title", "user_id", "last_active", "app_id"].contains(where: columns.contains)
        ? .conversations : nil
    case "conversation_settings": return has("conversation_id") ? .settings : nil
    case "message_files", "message_attachments": return has("id", "message_id") ? .files : nil
    default:
      guard let isFailure = historyKind(of: name), has("id", "conversation_id") else { return nil }
      guard has("role", "content") || has("raw_json") else { return nil }
      return isFailure ? .failures : .history
    }
  }

  /// Whether a name is that of a table of failed calls; nil for one of neither kind.
  private static func historyKind(of name: String) -> Bool? {
    let isFailure: Bool = name.hasPrefix("error_")
    let plain = isFailure ? name.dropFirst("error_".count) : name[...]
    guard plain.hasPrefix(history) else { return nil }
    let suffix = plain.dropFirst(history.count)
    return suffix.isEmpty || isDay(suffix) ? isFailure : nil
  }

  private static let history = "conversation_histories"

  /// `_2025_01_15`
  private static func isDay(_ suffix: Substring) -> Bool {
    suffix.utf8.count == 11
      && suffix.utf8.enumerated().allSatisfy { index, byte in
        [0, 5, 8].contains(index) ? byte == UInt8(ascii: "_") : (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      }
  }

  /// Names that no day is part of.
  static let fixedNames: [String] = [
    "conversation_histories", "error_conversation_histories", "messages", "conversations", "conversation_settings",
    "message_files", "message_attachments",
  ]

  static func isCandidate(_ name: String) -> Bool {
    let original = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    return fixedNames.contains(original) || historyKind(of: original) != nil
  }

  /// The day that its name says, as 2025-01-15; nil where it says none.
  var day: String? {
    guard originalName.contains(Self.history + "_") else { return nil }
    return String(originalName.suffix(10)).replacing("_", with: "-")
  }
}
