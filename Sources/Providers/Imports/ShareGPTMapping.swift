import VerbatimModel

/// ShareGPT's form, as training data comes in: `{"id", "conversations": [{"from": "human", "value"}, …]}` an element.
struct ShareGPTMapping: ImportMapping {
  private static let roles: [String: String] = [
    "human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "assistant": "assistant",
    "bing": "assistant", "bard": "assistant", "model": "assistant", "function_call": "assistant", "system": "system",
    "tool": "tool", "observation": "tool", "function_response": "tool",
  ]

  let owner: ImportOwner
  let digest: @Sendable (Bytes) -> String

  func exchanges(of element: JSONSlice, number: Int) throws(InvalidExchange) -> [ImportedExchange] {
    var turns = try Self.turns(of: element)
    if let system = element["system"]?.something?.string {
      turns.insert(Transcript.Turn(isAssistant: false, message: JSONWriter.message("system", system.string)), at: 0)
    }
    let id = element.text("id") ?? element["id"]?.integer.map(String.init) ?? String(digest(element.bytes).prefix(32))
    var whole = ImportBody(owner)
    whole.conversationID = "sharegpt:" + id
    whole.model = element.text("model")
    if let tools = element.opened("tools") { whole.others.append((Bytes(utf8: #""tools""#), tools.bytes)) }
    return Transcript.parts(of: turns).enumerated().map { place, part in
      var body = whole
      body.messages = part.messages
      body.choices = part.answer.map { [$0] } ?? []
      return ImportedExchange(key: .place(place), body: body.json())
    }
  }

  private static func turns(of element: JSONSlice) throws(InvalidExchange) -> [Transcript.Turn] {
    guard let list = element["conversations"], list.kind == .array, list.something != nil else {
      throw .invalid(field: "conversations", reason: "must be an array of turns")
    }
    var turns: [Transcript.Turn] = []
    for turn in list.elements { turns.append(try self.turn(turn, name: "conversations[\(turns.count)]")) }
    return turns
  }

  private static func turn(_ turn: JSONSlice, name: String) throws(InvalidExchange) -> Transcript.Turn {
    guard let from = turn["from"]?.string?.string else {
      throw .invalid(field: "\(name).from", reason: "must be a string")
    }
    guard let role = roles[from] else {
      throw .invalid(field: "\(name).from", reason: "must be one of " + roles.keys.sorted().joined(separator: ", "))
    }
    guard let value = turn["value"], value.kind == .string else {
      throw .invalid(field: "\(name).value", reason: "must be a string")
    }
    var json = JSONWriter(reservingCapacity: value.bytes.count + 64)
    json.beginObject()
    json.string("role", role)
    json.raw("content", value.bytes)
    for field in turn.fields where !(field.key == "from") && !(field.key == "value") {
      json.field(key: field.key.json, field.value.bytes)
    }
    json.endObject()
    return Transcript.Turn(isAssistant: role == "assistant", message: json.bytes[...])
  }
}
