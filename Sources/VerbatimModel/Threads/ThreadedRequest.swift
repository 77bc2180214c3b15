/// What a stateless request says, message by message, with how it was written.
package struct ThreadedRequest: Sendable {
  /// The kind of call: threads of two kinds are never one, since they write messages differently.
  package let call: String
  /// Oldest first. The first ones may stand elsewhere in the body than in its array.
  package let messages: [Message]
  /// The array's elements, as they were written; the last of `messages` were made of them, one of each.
  package let elements: [Bytes]
  /// The commas and the white space before, between and behind the elements: one more than there are elements.
  package let gaps: [Bytes]

  /// `inside`: what stands between the array's brackets; the elements are slices of the same buffer.
  package init(call: String, messages: [Message], elements: [Bytes], inside: Bytes) {
    self.call = call
    self.messages = messages
    self.elements = elements
    var gaps: [Bytes] = []
    var end = inside.startIndex
    for element in elements {
      gaps.append(inside[end..<element.startIndex])
      end = element.endIndex
    }
    self.gaps = gaps + [inside[end...]]
  }

  /// How many messages have no element.
  package var leadingCount: Int { messages.count - elements.count }
}
