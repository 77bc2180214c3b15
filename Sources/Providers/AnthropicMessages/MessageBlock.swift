import VerbatimModel

/// A content block of Anthropic's message while it comes.
struct MessageBlock: Sendable {
  let index: Int64
  private var fields = AccumulatedFields()
  /// The JSON text of a tool's input, as far as it has come.
  private var input: [UInt8] = []

  init(index: Int64, _ block: JSONSlice) {
    self.index = index
    fields.add(block)
  }

  /// `text_delta`, `thinking_delta`, `signature_delta`, `input_json_delta`, `citations_delta`, and what else there may be:
  /// every field but the delta's own type goes to the block's field of that name.
  mutating func add(_ delta: JSONSlice) {
    if let part = delta["partial_json"]?.string { return input += part.bytes }
    if let citation = delta["citation"] { return add(citation: citation) }
    var writer = JSONWriter()
    writer.beginObject()
    for field in delta.fields where field.key != "type" { writer.field(key: field.key.json, field.value.bytes) }
    writer.endObject()
    fields.add(JSONSlice(trusting: writer.bytes[...]))
  }

  private mutating func add(citation: JSONSlice) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("citations")
    writer.beginArray()
    writer.raw(citation.bytes)
    writer.endArray()
    writer.endObject()
    fields.add(JSONSlice(trusting: writer.bytes[...]))
  }

  /// As in a message that is no stream; an input that broke off is kept as a string.
  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    for (key, value) in fields.fields {
      if !input.isEmpty && key.elementsEqual(#""input""#.utf8) {
        writer.key("input")
        let isWhole = (try? JSONSlice(checking: input[...])) != nil
        if isWhole { writer.raw(input[...]) } else { writer.string(input[...]) }
      } else {
        writer.accumulatedField(key: key, value)
      }
    }
    writer.endObject()
  }
}
