import HTTP
import VerbatimModel

/// What `verbatim channels` does.
package struct ChannelAdministration: Sendable {
  /// A channel as it was asked for, field by field; what is not given stays, or is the server's own choice.
  package struct Wish: Sendable {
    /// By the names of the API: `base_url`, `priority`, …
    package var texts: [String: String] = [:]
    package var numbers: [String: Int64] = [:]
    /// `gpt-4o,fast=gpt-4o-mini`
    package var models: String?
    /// `Name: value`, a line each.
    package var headers: String?

    package init() {}
  }

  private static let path = "/api/admin/channels"

  private let session: Session

  package init(_ session: Session) { self.session = session }

  package func create(_ name: String, _ wish: Wish) async throws -> String {
    var wish = wish
    wish.texts["name"] = name
    let sent = wish
    let answer = try await session.administer { client in
      try await client.call("POST", Self.path) { json in json.add(sent) }
    }
    return "\(Self.name(of: answer)) is made"
  }

  /// A line for each, under a head.
  package func list() async throws -> [String] {
    let channels = try await session.administer { try await $0.all(Self.path, "channels") }
    return TextTable.lines(
      ["id", "name", "dialect", "status", "priority", "weight", "key", "models", "base url"],
      channels.map { channel in
        func text(_ name: String) -> String { channel[name]?.string?.string ?? "-" }
        func number(_ name: String) -> String { channel[name]?.integer.map(String.init) ?? "-" }
        let models = channel["models"].map { $0.fields.map(Self.model).joined(separator: ",") } ?? ""
        return [
          number("id"), text("name"), text("dialect"), text("status"), number("priority"), number("weight"),
          channel["has_key"]?.boolean == true ? "yes" : "no", models, text("base_url"),
        ]
      })
  }

  package func update(_ channel: String, _ wish: Wish) async throws -> String {
    let answer = try await session.administer { client in
      try await client.call("PATCH", "\(Self.path)/\(try await Self.id(channel, client))") { json in json.add(wish) }
    }
    return "\(Self.name(of: answer)) is changed"
  }

  package func delete(_ channel: String) async throws -> String {
    let answer = try await session.administer { client in
      try await client.call("DELETE", "\(Self.path)/\(try await Self.id(channel, client))")
    }
    return "\(Self.name(of: answer)) is deleted"
  }

  /// One sentence, and whether all is well.
  package func test(_ channel: String) async throws -> (isGood: Bool, line: String) {
    let answer = try await session.administer { client in
      try await client.call("POST", "\(Self.path)/\(try await Self.id(channel, client))/test")
    }
    let name = answer["name"]?.string?.string ?? channel
    let milliseconds = Int(((answer["latency"]?.double ?? 0) * 1000).rounded())
    guard answer["success"]?.boolean == true else {
      return (false, "\(name): \(answer["detail"]?.string?.string ?? "no answer")")
    }
    return (true, "\(name): answers in \(milliseconds) ms, \(answer["models"]?.integer ?? 0) models")
  }

  /// By its id or its name.
  private static func id(_ channel: String, _ client: AdminClient) async throws -> String {
    if Int64(channel) != nil { return channel }
    for found in try await client.all(path, "channels") where found["name"]?.string?.string == channel {
      if let id = found["id"]?.integer { return String(id) }
    }
    throw AdminClient.Refusal(status: 404, description: "there is no channel \(channel)")
  }

  private static func name(of channel: JSONSlice) -> String {
    "the channel \(channel["name"]?.string?.string ?? "") (\(channel["id"]?.integer ?? 0))"
  }

  private static func model(_ field: JSONField) -> String {
    let (name, upstream) = (field.key.text.string, field.value.string?.string ?? "")
    return name == upstream ? name : "\(name)=\(upstream)"
  }
}

extension JSONWriter {
  fileprivate mutating func add(_ wish: ChannelAdministration.Wish) {
    for (name, text) in wish.texts.sorted(by: { $0.key < $1.key }) {
      key(text: name)
      string(text)
    }
    for (name, number) in wish.numbers.sorted(by: { $0.key < $1.key }) {
      key(text: name)
      integer(number)
    }
    if let models = wish.models { add("models", models.split(separator: ","), separator: "=") }
    if let headers = wish.headers { add("headers", headers.split(separator: "\n"), separator: ":") }
  }

  /// An object of `name<separator>value`; a name alone stands for itself.
  private mutating func add(_ name: String, _ pairs: [Substring], separator: Character) {
    key(text: name)
    beginObject()
    for pair in pairs {
      let parts = pair.split(separator: separator, maxSplits: 1).map { String($0.trimmingSpaces()) }
      guard let first = parts.first else { continue }
      key(text: first)
      string(parts.count > 1 ? parts[1] : first)
    }
    endObject()
  }
}
