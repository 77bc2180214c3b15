/// The request of a call that came through the gateway, as the column `request` holds it.
///
/// It is the client's own body, byte for byte, but for two things: the array of its messages is emptied, since they are rows
/// of their own, and a last field `_verbatim` says what belongs to the exchange and has no column. What is left without it
/// is the body that was sent, so everything can be taken back.
package struct KeptRequest: Sendable, Equatable {
  /// A JSON object, as it was sent but for its messages.
  package var body: Bytes
  /// The field whose array of messages was emptied; nil where they stay in the body.
  package var emptied: String?
  /// JSON object: the answer's fields that no column holds.
  package var answer: Bytes?
  /// JSON: how the messages were written, where their rows alone do not say it.
  package var layout: Bytes?

  private static let field = "_verbatim"
  private static let usualField = "messages"

  /// `messages`: the field that holds them, and where the array's elements stand in the body, between its brackets; nil
  /// where they stay.
  package init(body: Bytes, messages: (field: String, place: Range<Int>)?) {
    emptied = messages?.field
    self.body = messages.map { body[..<$0.place.lowerBound] + body[$0.place.upperBound...] } ?? body
  }

  /// nil where the column holds what came in another way.
  package init?(stored: Bytes?) {
    guard let stored else { return nil }
    let object = JSONSlice(trusting: stored)
    var last: JSONField?
    var previousEnd = object.bytes.startIndex + 1
    for field in object.fields {
      if let last { previousEnd = last.value.bytes.endIndex }
      last = field
    }
    guard let last, last.key == Self.field, last.value.kind == .object else { return nil }
    body = object.bytes[..<previousEnd] + object.bytes[last.value.bytes.endIndex...]
    let isWhole = last.value["whole"]?.boolean ?? false
    emptied = last.value["emptied"]?.string?.string ?? (isWhole ? nil : Self.usualField)
    answer = last.value["answer"]?.bytes
    layout = last.value["layout"]?.bytes
  }

  package var stored: Bytes {
    var writer = JSONWriter()
    writer.beginObject()
    if emptied == nil {
      writer.key("whole")
      writer.boolean(true)
    } else if let emptied, emptied != Self.usualField {
      writer.key("emptied")
      writer.string(emptied)
    }
    if let answer {
      writer.key("answer")
      writer.raw(answer)
    }
    if let layout {
      writer.key("layout")
      writer.raw(layout)
    }
    writer.endObject()
    // Behind the last value, so that white space before the bracket stays where it is.
    var end = body.startIndex + 1
    var isEmpty = true
    for field in JSONSlice(trusting: body).fields {
      end = field.value.bytes.endIndex
      isEmpty = false
    }
    let comma = isEmpty ? "" : ","
    return body[..<end] + Bytes(utf8: "\(comma)\"\(Self.field)\":") + writer.bytes + body[end...]
  }

  /// The body as it was sent; `messages`: what stood between the brackets.
  package func body(messages: Bytes) -> Bytes {
    guard let emptied, let array = JSONSlice(trusting: body)[emptied]?.bytes, array.count >= 2 else { return body }
    return body[...array.startIndex] + messages + body[(array.endIndex - 1)...]
  }
}
