/// The request of a call that came through the gateway, as the column `request` holds it.
///
/// It is the client's own body, byte for byte, but for three things: the array of its messages is emptied, since they are
/// rows of their own; long values that an earlier request of the thread has are left out; and a last field `_verbatim` says
/// what belongs to the exchange and has no column. What is left without it is the body that was sent, so everything can be
/// taken back.
package struct KeptRequest: Sendable, Equatable {
  /// A JSON object, as it was sent but for its messages and what it borrows.
  package var body: Bytes
  /// Fields that have a zero in the place of their value, with the exchange whose request has that.
  package var borrowed: [String: UUIDv7] = [:]
  /// The field whose array of messages was emptied; nil where they stay in the body.
  package var emptied: String?
  /// JSON object: the answer's fields that no column holds.
  package var answer: Bytes?
  /// JSON: how the messages were written, where their rows alone do not say it.
  package var layout: Bytes?
  /// JSON object: what a model was asked with, where that was made here and is not the body.
  package var sent: Bytes?
  /// Whether the client went away before the answer, which is whole all the same, had ended.
  package var clientHasGone = false

  static let field = "_verbatim"
  /// Of a body that holds one question instead of messages.
  private static let questionField = "message"
  private static let usualField = "messages"

  /// `messages`: the field that holds them, and where the array's elements stand in the body, between its brackets; nil
  /// where they stay.
  package init(body: Bytes, messages: (field: String, place: Range<Int>)?) {
    emptied = messages?.field
    self.body = messages.map { body[..<$0.place.lowerBound] + body[$0.place.upperBound...] } ?? body
  }

  /// A body that holds a question, which is emptied where the question's own row gives its JSON back.
  init(body: Bytes, question: JSONSlice, of message: Message, isRepeated: Bool) {
    var text = JSONWriter(reservingCapacity: question.bytes.count + 16)
    text.string(message.content ?? [])
    let isGivenBack = !isRepeated && message.raw == nil && question.bytes.elementsEqual(text.bytes)
    let inside = question.bytes.startIndex + 1..<question.bytes.endIndex - 1
    self.init(body: body, messages: isGivenBack ? (Self.questionField, inside) : nil)
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
    sent = last.value["sent"]?.bytes
    clientHasGone = last.value["client_gone"]?.boolean ?? false
    if let same = last.value["same"] {
      for field in same.fields { borrowed[field.key.text.string] = field.value.string.flatMap { UUIDv7($0.string) } }
    }
  }

  package var stored: Bytes {
    // Behind the last value, so that white space before the bracket stays where it is.
    var end = body.startIndex + 1
    var isEmpty = true
    for field in JSONSlice(trusting: body).fields {
      end = field.value.bytes.endIndex
      isEmpty = false
    }
    let comma = isEmpty ? "" : ","
    return body[..<end] + Bytes(utf8: "\(comma)\"\(Self.field)\":") + own + body[end...]
  }

  /// What stands in `_verbatim`.
  private var own: [UInt8] {
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
    if let sent {
      writer.key("sent")
      writer.raw(sent)
    }
    if clientHasGone {
      writer.key("client_gone")
      writer.boolean(true)
    }
    if !borrowed.isEmpty {
      writer.key("same")
      writer.beginObject()
      for (name, lender) in borrowed.sorted(by: { $0.key < $1.key }) {
        writer.key(text: name)
        writer.string(lender.description)
      }
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  /// Whether it is the body of a question, which its row holds.
  package var isQuestion: Bool { emptied == Self.questionField }

  /// The body of a question as it was sent.
  package func body(question: Message) -> Bytes {
    var text = JSONWriter()
    text.string(question.content ?? [])
    return body(messages: text.bytes.dropFirst().dropLast())
  }

  /// The body as it was sent; `messages`: what stood between the brackets, or quotation marks.
  package func body(messages: Bytes) -> Bytes {
    guard let place else { return body }
    return body[..<place] + messages + body[place...]
  }

  /// Whether there is a place for the messages, where they are not in the body.
  var hasRoomForMessages: Bool { emptied == nil || place != nil }

  /// Where the emptied messages stood.
  private var place: Int? {
    guard let emptied, let value = JSONSlice(trusting: body)[emptied]?.bytes else { return nil }
    guard value.elementsEqual((isQuestion ? "\"\"" : "[]").utf8) else { return nil }
    return value.startIndex + 1
  }
}
