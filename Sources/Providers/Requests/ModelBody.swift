import VerbatimModel

/// The body of a call that is passed on unread: all that is known of it is that it names a model.
package struct ModelBody: Sendable {
  package let model: String
  private let bytes: Bytes
  private let body: JSONSlice

  /// nil for anything but a JSON object with the name of a model.
  package init?(_ bytes: Bytes) {
    guard let body = try? JSONSlice(checking: bytes), body.kind == .object,
      let model = body["model"]?.string, model.isExact
    else { return nil }
    self.bytes = bytes
    self.body = body
    self.model = model.string
  }

  /// Its bytes, but with what a channel calls the model.
  package func forwarded(model alias: String?) -> Bytes {
    var splice = Splice(bytes)
    if let alias, !alias.utf8.elementsEqual(model.utf8) { splice.replaceModel(of: body, with: alias) }
    return splice.result()
  }
}
