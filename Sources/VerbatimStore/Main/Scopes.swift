/// What a key is good for.
package struct Scopes: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Everything in every account, and `/api/admin`; only for accounts whose role is `admin`.
  package static let admin = Scopes(rawValue: 1)
  /// Stores exchanges.
  package static let ingest = Scopes(rawValue: 2)
  /// Reads, lists, searches and exports.
  package static let read = Scopes(rawValue: 4)
  /// Holds conversations and manages them: renames, archives, deletes, tags.
  package static let chat = Scopes(rawValue: 8)
  /// Acts for the user that the header `X-User-Id` names.
  package static let actForUsers = Scopes(rawValue: 16)

  /// What a new key has unless told otherwise.
  package static let standard: Scopes = [.ingest, .read, .chat]

  /// With their names in JSON, SQL and on the command line, in the order of showing.
  private static let named: [(scope: Scopes, name: String)] = [
    (.admin, "admin"), (.ingest, "ingest"), (.read, "read"), (.chat, "chat"), (.actForUsers, "act-for-users"),
  ]

  package static let names: [String] = named.map(\.name)

  package var names: [String] { Self.named.filter { contains($0.scope) }.map(\.name) }

  /// nil where a name is none of ours.
  package init?(names: some Sequence<some StringProtocol>) {
    self = []
    for name in names {
      guard let found = Self.named.first(where: { $0.name == name }) else { return nil }
      insert(found.scope)
    }
  }
}
