import VerbatimModel

/// ChatGPT's `conversations.json`: a tree of messages an element, which edits and regenerations have branched.
///
/// Every branch is kept. An answer is an exchange with what was said since the answer before it; a question that was
/// answered twice was sent twice. What came before which is in the metadata: `{"chatgpt": {"parent_id", "message_ids",
/// "is_current"}}`, ids being those of ChatGPT's messages. Messages that hold nothing are left out.
struct ChatGPTMapping: ImportMapping {
  /// A place in the tree from which answers are still to be looked for.
  private struct Visit {
    let node: String
    /// Messages since the answer before.
    var asked: [ChatGPTNode] = []
    /// The id of that answer's message.
    var parent: String?
  }

  let owner: ImportOwner

  func exchanges(of element: JSONSlice, number: Int) throws(InvalidExchange) -> [ImportedExchange] {
    guard let tree = element["mapping"], tree.kind == .object else {
      throw .invalid(field: "mapping", reason: "must be an object")
    }
    guard let id = element.text("conversation_id") ?? element.text("id") else {
      throw .invalid(field: "conversation_id", reason: "is required")
    }
    let names = tree.fields.map(\.key.text.string)
    var nodes = Dictionary(tree.fields.map { ($0.key.text.string, ChatGPTNode($0.value)) }) { _, last in last }
    Self.link(names, in: &nodes)
    var conversation = ImportBody(owner)
    conversation.conversationID = "chatgpt:" + id
    conversation.conversationName = element.text("title")
    conversation.provider = "openai"
    conversation.model = element.text("default_model_slug")
    conversation.createdAt = element["create_time"]?.something?.bytes
    let current = Self.path(to: element.text("current_node"), nodes)
    let roots = names.filter { name in nodes[name]?.parent.map { nodes[$0] == nil } ?? true }
    // What no root leads to goes in a circle, and begins anywhere.
    return Self.walk(from: roots + names, nodes).map { part in
      exchange(part, of: conversation, id, isCurrent: current.contains(part.last))
    }
  }

  /// Makes children of all that name a parent, also where it does not name them.
  private static func link(_ names: [String], in nodes: inout [String: ChatGPTNode]) {
    let known = Set(nodes.keys)
    var listed = nodes.mapValues { Set($0.children) }
    for name in known { nodes[name]?.children.removeAll { !known.contains($0) } }
    for name in names {
      guard let parent = nodes[name]?.parent, listed[parent]?.insert(name).inserted == true else { continue }
      nodes[parent]?.children.append(name)
    }
  }

  /// What one exchange is made of.
  private struct Part {
    let asked: [ChatGPTNode]
    let answer: ChatGPTNode?
    let parent: String?
    /// The node that it ends with.
    let last: String
  }

  /// Depth first, each node once whatever the file says.
  private static func walk(from roots: [String], _ nodes: [String: ChatGPTNode]) -> [Part] {
    var parts: [Part] = []
    var seen: Set<String> = []
    var visits = roots.reversed().map { Visit(node: $0) }
    while var visit = visits.popLast() {
      guard let node = nodes[visit.node], seen.insert(visit.node).inserted else { continue }
      let isAnswer = node.role == "assistant" && !isFollowed(node, nodes)
      if isAnswer, visit.asked.contains(where: { $0.role != "assistant" }) {
        parts.append(Part(asked: visit.asked, answer: node, parent: visit.parent, last: visit.node))
        (visit.asked, visit.parent) = ([], node.messageID ?? visit.node)
      } else {
        if node.isSaid { visit.asked.append(node) }
        if node.children.allSatisfy(seen.contains), !visit.asked.isEmpty {
          parts.append(Part(asked: visit.asked, answer: nil, parent: visit.parent, last: visit.node))
        }
      }
      visits += node.children.reversed().map { Visit(node: $0, asked: visit.asked, parent: visit.parent) }
    }
    return parts
  }

  /// Whether the assistant alone goes on behind it.
  private static func isFollowed(_ node: ChatGPTNode, _ nodes: [String: ChatGPTNode]) -> Bool {
    !node.children.isEmpty && node.children.allSatisfy { nodes[$0]?.role == "assistant" }
  }

  /// The nodes that ChatGPT shows.
  private static func path(to end: String?, _ nodes: [String: ChatGPTNode]) -> Set<String> {
    var path: Set<String> = []
    var next = end
    while let name = next, path.insert(name).inserted { next = nodes[name]?.parent }
    return path
  }

  private func exchange(
    _ part: Part, of conversation: ImportBody, _ id: String, isCurrent: Bool
  ) -> ImportedExchange {
    var body = conversation
    body.messages = part.asked.map(\.json)
    body.choices = part.answer.map { [$0.json] } ?? []
    let times = part.asked.filter { $0.role != "system" }.compactMap(\.time)
    body.createdAt = times.first ?? part.answer?.time ?? body.createdAt
    body.model = part.answer?.model ?? part.asked.compactMap(\.model).last ?? body.model
    body.finishReason = part.answer?.finishReason
    let ids = (part.asked + [part.answer].compactMap(\.self)).compactMap(\.messageID)
    var json = JSONWriter()
    json.beginObject()
    json.key("chatgpt")
    json.beginObject()
    json.key("parent_id")
    json.string(orNull: part.parent)
    json.key("message_ids")
    json.beginArray()
    for id in ids { json.string(id) }
    json.endArray()
    json.key("is_current")
    json.boolean(isCurrent)
    json.endObject()
    json.endObject()
    body.metadata = json.bytes[...]
    return ImportedExchange(key: .id("\(id)-\(part.last)"), body: body.json())
  }
}
