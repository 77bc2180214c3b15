import VerbatimModel

extension ChatRequest {
  /// What the provider gets: the client's bytes but for three splices.
  ///
  /// - `model`: what the channel calls it, if not what the client does.
  /// - `addsUsage`: a stream is to carry its usage; the chunk that only we asked for is then kept from the client by
  ///   `Capture(withholdsUsage: true)`.
  /// - `metadata` and `store`, which are ours to record, go on only with `store: true`: providers refuse one without the
  ///   other. Anthropic's `metadata` is another one and stays.
  package func forwarded(model alias: String? = nil, addsUsage: Bool = false) -> Bytes {
    var splice = Splice(bytes)
    if let alias, !alias.utf8.elementsEqual(model.utf8) { splice.replaceModel(of: body, with: alias) }
    if addsUsage && asksForUsage { addUsage(to: &splice) }
    if call != .messages && !isStoreRequested { splice.remove(removedFields, of: body) }
    return splice.result()
  }

  /// Whether a usage chunk can be asked for that the client did not ask for.
  package var asksForUsage: Bool { call == .chatCompletions && isStream && !wantsUsage }

  /// A response is stored unless told otherwise, so there `store: false` has to arrive.
  private var removedFields: Set<String> {
    call == .responses ? [] : ["metadata", "store"]
  }

  private func addUsage(to splice: inout Splice) {
    let wish = #""include_usage":true"#
    guard let options = body["stream_options"] else {
      return splice.insert(Bytes(utf8: #""stream_options":{\#(wish)},"#), at: body.bytes.startIndex + 1)
    }
    let place = options.bytes.startIndex..<options.bytes.endIndex
    guard options.kind == .object else { return splice.replace(place, with: Bytes(utf8: "{\(wish)}")) }
    if let answer = options["include_usage"] {
      return splice.replace(answer.bytes.startIndex..<answer.bytes.endIndex, with: Bytes(utf8: "true"))
    }
    let isEmpty = options.fields.first { _ in true } == nil
    splice.insert(Bytes(utf8: isEmpty ? wish : wish + ","), at: place.lowerBound + 1)
  }
}

extension Splice {
  /// `body`: a JSON object within the text.
  mutating func replaceModel(of body: JSONSlice, with alias: String) {
    var name = JSONWriter()
    name.string(alias)
    for field in body.fields where field.key == "model" {
      replace(field.value.bytes.startIndex..<field.value.bytes.endIndex, with: name.bytes[...])
    }
  }
}
