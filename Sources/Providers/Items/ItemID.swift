import VerbatimModel

/// The id of a conversation's item: the message that it is made of, and its place among that message's items.
///
/// `msg_0190163d8694739baea5966c26f8ad91`, and with `_2` behind it the third item. What stands before it says the type, as
/// OpenAI's ids do.
package struct ItemID: Equatable, Sendable {
  package let message: UUIDv7
  package let place: Int

  private static let digits = 32
  private static let groups = [8, 4, 4, 4, 12]
  private static let prefixes = [
    "message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs",
    "web_search_call": "ws", "file_search_call": "fs", "computer_call": "cu", "image_generation_call": "ig",
    "code_interpreter_call": "ci", "mcp_call": "mcp", "custom_tool_call": "ctc", "compaction": "cmp",
  ]

  package init(message: UUIDv7, place: Int) {
    self.message = message
    self.place = place
  }

  /// nil for what is no such id; whether its beginning is the item's says `text(for:)`.
  package init?(_ text: String) {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts[1].utf8.count == Self.digits else { return nil }
    var rest = parts[1][...]
    let groups = Self.groups.map { count in
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    guard let message = UUIDv7(groups.joined(separator: "-")) else { return nil }
    guard parts.count == 3 else {
      self.init(message: message, place: 0)
      return
    }
    guard let place = Int(parts[2]), place > 0 else { return nil }
    self.init(message: message, place: place)
  }

  package func text(for item: ConversationItem) -> String {
    let name = Self.prefix(of: item) + "_" + Self.digits(of: message)
    return place == 0 ? name : "\(name)_\(place)"
  }

  /// The id of what a request said, which is no item of the conversation: another than any of these.
  package static func text(for item: ConversationItem, at place: Int, inRequestOf exchange: UUIDv7) -> String {
    "\(prefix(of: item))_\(digits(of: exchange))_in\(place)"
  }

  private static func prefix(of item: ConversationItem) -> String { prefixes[item.type] ?? "item" }

  private static func digits(of id: UUIDv7) -> String { id.description.replacing("-", with: "") }
}
