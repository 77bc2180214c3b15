import VerbatimModel

/// Items that a client puts into a conversation, as the messages by which they are kept.
package enum NewItems {
  /// At once.
  package static let most = 20
  private static let longestType = 64
  private static let roles: Set<String> = ["user", "assistant", "system", "developer"]

  /// `items`: an array; none where it is absent. Throws what is wrong with it, by the name of the field.
  package static func messages(_ items: JSONSlice?) throws(InvalidExchange) -> [Message] {
    guard let items, !items.isNull else { return [] }
    guard items.kind == .array else { throw .invalid(field: "items", reason: "must be a JSON array") }
    var messages: [Message] = []
    for item in items.elements {
      guard messages.count < most else {
        throw .invalid(field: "items", reason: "has more than \(most) items", limit: most)
      }
      messages.append(try message(item, "items[\(messages.count)]"))
    }
    return messages
  }

  private static func message(_ item: JSONSlice, _ name: String) throws(InvalidExchange) -> Message {
    guard item.kind == .object else { throw .invalid(field: name, reason: "must be a JSON object") }
    let type = try type(of: item, name)
    switch type {
    case "message": try checkMessage(item, name)
    case "function_call": try check(["call_id", "name", "arguments"], of: item, name)
    case "function_call_output": try checkOutput(item, name)
    case "item_reference": throw .invalid(field: name, reason: "is a reference, which says nothing by itself")
    default: break
    }
    guard let message = Message(responseItem: item) else {
      throw .invalid(field: "\(name).role", reason: "is required")
    }
    let ids = [message.name, message.toolCallID]
    guard ids.allSatisfy({ $0?.unicodeScalars.count ?? 0 <= IngestLimits.name }) else {
      throw .invalid(
        field: name, reason: "has a name or call_id of more than \(IngestLimits.name) characters",
        limit: IngestLimits.name)
    }
    return message
  }

  private static func type(of item: JSONSlice, _ name: String) throws(InvalidExchange) -> String {
    guard let type = item["type"], !type.isNull else { return "message" }
    guard let text = type.string, text.isExact, !text.isEmpty, !text.isLonger(than: longestType) else {
      throw .invalid(field: "\(name).type", reason: "must be the name of a type")
    }
    return text.string
  }

  private static func checkMessage(_ item: JSONSlice, _ name: String) throws(InvalidExchange) {
    guard let role = item["role"]?.string?.string, roles.contains(role) else {
      throw .invalid(field: "\(name).role", reason: "must be one of \(roles.sorted().joined(separator: ", "))")
    }
    guard let content = item["content"], content.kind == .string || content.kind == .array else {
      throw .invalid(field: "\(name).content", reason: "must be a text or a list of parts")
    }
    for part in content.elements where part.kind != .object || part["type"]?.string == nil {
      throw .invalid(field: "\(name).content", reason: "must be a list of objects with a type")
    }
  }

  private static func checkOutput(_ item: JSONSlice, _ name: String) throws(InvalidExchange) {
    try check(["call_id"], of: item, name)
    guard let output = item["output"], output.kind == .string || output.kind == .array else {
      throw .invalid(field: "\(name).output", reason: "must be a text or a list of parts")
    }
  }

  private static func check(_ fields: [String], of item: JSONSlice, _ name: String) throws(InvalidExchange) {
    for field in fields where item[field]?.string == nil {
      throw .invalid(field: "\(name).\(field)", reason: "must be a text")
    }
  }
}
