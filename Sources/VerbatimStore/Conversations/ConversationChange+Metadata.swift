import VerbatimModel

extension ConversationChange.Metadata {
  /// What a conversation was before Verbatim took it over goes on standing first, under `legacy`, for `verify` goes by it.
  func applied(to old: Bytes?) -> Bytes? {
    let kept: JSONSlice? = old.flatMap { JSONSlice(trusting: $0)["legacy"] }
    let new: JSONSlice? = if case .replace(let json) = self { JSONSlice(trusting: json) } else { nil }
    guard let kept, new?["legacy"] == nil else { return new?.bytes }
    var json = JSONWriter()
    json.beginObject()
    json.key("legacy")
    json.raw(kept.bytes)
    for field in new?.fields.map(\.self) ?? [] { json.field(key: field.key.json, field.value.bytes) }
    json.endObject()
    return json.bytes[...]
  }
}
