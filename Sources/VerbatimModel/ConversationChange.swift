/// What of a conversation is to become another; nil leaves it as it is.
package struct ConversationChange: Sendable {
  package enum Metadata: Sendable {
    /// A JSON object.
    case replace(Bytes)
    case remove
  }

  fileprivate enum Key: String, CaseIterable { case name, status, tags, metadata }
  fileprivate enum Status: String, CaseIterable { case active, archived }

  fileprivate static let keys = JSONKeyTable(Key.allCases)
  package static let mostTags = 50
  /// Characters.
  package static let longestTag = 64

  package var name: String?
  package var isArchived: Bool?
  /// All that it is to have.
  package var tags: [String]?
  package var metadata: Metadata?

  package init() {}
}

extension ConversationChange {
  /// From a JSON object, where an absent field leaves what it names as it is. A field that it does not know is refused, since it would have no effect.
  package init(json: Bytes) throws(InvalidExchange) {
    let body: JSONSlice = try .body(json)
    var unknown: String?
    let found = JSONKnownFields(body, Self.keys) { unknown = unknown ?? $0.key.text.string }
    if let unknown { throw .unknown(unknown) }
    func field(_ key: Key) -> FieldValue { FieldValue(key.rawValue, found[key]) }
    name = field(.name).isPresent ? try field(.name).requiredID(limit: IngestLimits.name) : nil
    isArchived = try field(.status).choice(Status.self).map { $0 == .archived }
    tags = try Self.tags(field(.tags))
    if let metadata = try field(.metadata).object() {
      self.metadata = .replace(metadata.bytes)
    } else {
      metadata = found[.metadata] == nil ? nil : .remove
    }
  }

  private static func tags(_ field: FieldValue) throws(InvalidExchange) -> [String]? {
    guard field.isPresent else { return nil }
    var tags: [String] = []
    for (index, tag) in try field.array(limit: mostTags).enumerated() {
      tags.append(try FieldValue("\(field.name)[\(index)]", tag).requiredID(limit: longestTag))
    }
    return tags
  }
}
