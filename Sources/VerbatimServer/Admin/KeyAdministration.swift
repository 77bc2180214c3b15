import HTTP
import VerbatimModel

/// What `verbatim keys` does.
package struct KeyAdministration: Sendable {
  /// A key as it was asked for; nil where the server's own choice holds.
  package struct Wish: Sendable {
    package var name: String
    package var account: String?
    /// Separated by commas.
    package var scopes: String?
    package var app: String?
    package var user: String?
    package var expires: String?
    /// Where there is none of that name.
    package var makesAccount = false
    package var rate = Rate()

    package init(name: String) { self.name = name }
  }

  /// Limits as they were typed: a number, or `default` for the server's.
  package struct Rate: Sendable {
    package var perMinute: String?
    package var burst: String?

    package init(perMinute: String? = nil, burst: String? = nil) {
      self.perMinute = perMinute
      self.burst = burst
    }

    package var isEmpty: Bool { perMinute == nil && burst == nil }
  }

  package struct Made: Sendable {
    package let key: String
    /// One sentence about it, without it.
    package let description: String
  }

  private static let path = "/api/admin/keys"

  private let session: Session

  package init(_ session: Session) { self.session = session }

  package func create(_ wish: Wish) async throws -> Made {
    let expiry = try wish.expires.map { try TimeText.moment($0, "--expires") }
    let rates = try Self.rates(wish.rate)
    let answer = try await session.administer { client in
      try await client.call("POST", Self.path) { json in
        json.rates(rates)
        json.key("make_account")
        json.boolean(wish.makesAccount)
        for (name, value) in [
          ("name", wish.name), ("account_id", wish.account), ("app_id", wish.app), ("user_id", wish.user),
          ("expires_at", expiry.map { Timestamp.text($0) }),
        ] {
          json.key(text: name)
          json.string(orNull: value)
        }
        guard let scopes = wish.scopes else { return }
        json.key("scopes")
        json.beginArray()
        for scope in scopes.split(separator: ",") { json.string(String(scope.trimmingSpaces())) }
        json.endArray()
      }
    }
    return try Self.made(answer)
  }

  /// A line for each, under a head.
  package func list(account: String?, includesDead: Bool) async throws -> [String] {
    let keys = try await session.administer { client in
      try await client.all(
        Self.path, "keys", query: [("account_id", account), ("status", includesDead ? "all" : nil)])
    }
    return TextTable.lines(
      ["key", "account", "name", "status", "scopes", "app", "user", "rate", "expires", "last used", "id"],
      keys.map { key in
        func text(_ name: String) -> String { key[name]?.string?.string ?? "-" }
        let scopes = key["scopes"].map { $0.elements.compactMap { $0.string?.string }.joined(separator: ",") } ?? ""
        return [
          text("prefix"), text("account_id"), text("name"), text("status"), scopes, text("app_id"), text("user_id"),
          Self.rate(of: key), text("expires_at"), text("last_used_at"), text("id"),
        ]
      })
  }

  /// Its name and its limits; the answer tells them.
  package func change(_ key: String, name: String?, rate: Rate) async throws -> String {
    let rates = try Self.rates(rate)
    let answer = try await session.administer { client in
      try await client.call("PATCH", "\(Self.path)/\(try await Self.id(key, client))") { json in
        json.rates(rates)
        json.key("name")
        json.string(orNull: name)
      }
    }
    return "\(Self.name(of: answer)) is changed; requests a minute, at once: \(Self.rate(of: answer))"
  }

  package func revoke(_ key: String) async throws -> String {
    let answer = try await session.administer { client in
      try await client.call("DELETE", "\(Self.path)/\(try await Self.id(key, client))")
    }
    return "\(Self.name(of: answer)) is revoked"
  }

  package func rotate(_ key: String, overlap: String?) async throws -> Made {
    let overlap = try overlap.map { try TimeText.duration($0, "--overlap") }
    let answer = try await session.administer { client in
      try await client.call("POST", "\(Self.path)/\(try await Self.id(key, client))/rotate") { json in
        guard let overlap else { return }
        json.key("overlap_seconds")
        json.integer(overlap.components.seconds)
      }
    }
    return try Self.made(answer)
  }

  /// Fields of a request with their numbers; nil: the server's.
  private static func rates(_ rate: Rate) throws(ConfigurationError) -> [(name: String, value: Int64?)] {
    var rates: [(name: String, value: Int64?)] = []
    for (option, name, text) in [
      ("--rate", "rate_per_minute", rate.perMinute), ("--burst", "rate_burst", rate.burst),
    ] {
      guard let text else { continue }
      guard let number = Int64(text) else {
        guard text == "default" else { throw ConfigurationError("\(option) \(text) is neither a number nor default") }
        rates.append((name, nil))
        continue
      }
      rates.append((name, number))
    }
    return rates
  }

  /// `100/200`: requests a minute and at once.
  private static func rate(of key: JSONSlice) -> String {
    func text(_ name: String) -> String { key[name]?.integer.map(String.init) ?? "default" }
    let (perMinute, burst) = (text("rate_per_minute"), text("rate_burst"))
    return perMinute == burst && perMinute == "default" ? "-" : "\(perMinute)/\(burst)"
  }

  /// The id of the key that is meant by its id or by how it begins.
  private static func id(_ key: String, _ client: AdminClient) async throws -> String {
    guard KeySecret.isMeant(by: key) else { return PercentEncoding.encode(key) }
    let found = try await client.all(path, "keys", query: [("prefix", String(key.prefix(11))), ("status", "all")])
    guard let id = found.first?["id"]?.string?.string else {
      throw AdminClient.Refusal(status: 404, description: "no key begins with \(key.prefix(11))")
    }
    guard found.count == 1 else {
      throw AdminClient.Refusal(
        status: 409, description: "several keys begin with \(key.prefix(11)); give the key's id")
    }
    return id
  }

  private static func made(_ answer: JSONSlice) throws -> Made {
    guard let key = answer["key"]?.string?.string else {
      throw AdminClient.Refusal(status: 200, description: "the server's answer holds no key; is it Verbatim?")
    }
    return Made(key: key, description: "\(name(of: answer)) is made")
  }

  private static func name(of key: JSONSlice) -> String {
    func text(_ name: String) -> String { key[name]?.string?.string ?? "" }
    return "the key \(text("prefix")) (\(text("name"))) of \(text("account_id"))"
  }
}

extension JSONWriter {
  fileprivate mutating func rates(_ rates: [(name: String, value: Int64?)]) {
    for (name, value) in rates {
      key(text: name)
      integer(orNull: value)
    }
  }
}
