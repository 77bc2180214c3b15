/// How `raw` is stored: without the long values that other columns hold anyway, so that an answer of which a provider says
/// a little more than its text does not take twice the room.
///
/// `~`, a digit that says which (1 `content`, 2 `tool_calls`, 3 both), and the JSON with a 0 in the place of each.
extension Message {
  private static let mark = UInt8(ascii: "~")
  /// Shorter values stay.
  private static let shortest = 32

  package var compacted: Message {
    guard let raw, raw.first == UInt8(ascii: "{"), raw.count > Self.shortest else { return self }
    let json = JSONSlice(trusting: raw)
    var places: [Range<Int>] = []
    var which: UInt8 = 0
    if contentKind == .text, let value = json.only("content"), value.count >= Self.shortest,
      let content = content.map(Self.string), value.elementsEqual(content)
    {
      places.append(value.startIndex..<value.endIndex)
      which |= 1
    }
    if let calls = toolCalls, let value = json.only("tool_calls"), value.count >= Self.shortest,
      value.elementsEqual(calls)
    {
      places.append(value.startIndex..<value.endIndex)
      which |= 2
    }
    guard which != 0 else { return self }
    var message = self
    let template = raw.replacing(places.map { ($0, [UInt8(ascii: "0")]) })
    message.raw = [Self.mark, UInt8(ascii: "0") + which] + template
    return message
  }

  package var expanded: Message {
    guard let raw, raw.first == Self.mark, raw.count > 2 else { return self }
    let which = raw[raw.startIndex + 1] &- UInt8(ascii: "0")
    let json = JSONSlice(trusting: raw.dropFirst(2))
    var places: [(Range<Int>, Bytes)] = []
    if which & 1 != 0, let place = json["content"]?.bytes, let content {
      places.append((place.startIndex..<place.endIndex, Self.string(content)))
    }
    if which & 2 != 0, let place = json["tool_calls"]?.bytes, let toolCalls {
      places.append((place.startIndex..<place.endIndex, toolCalls))
    }
    var message = self
    message.raw = json.bytes.replacing(places)
    return message
  }

  private static func string(_ text: Bytes) -> Bytes {
    var writer = JSONWriter(reservingCapacity: text.count + 16)
    writer.string(text)
    return writer.bytes[...]
  }
}

extension JSONSlice {
  /// The value of a key that is there once.
  fileprivate func only(_ key: String) -> Bytes? {
    let values = fields.filter { $0.key == key }
    return values.count == 1 ? values[0].value.bytes : nil
  }
}

extension NewExchange {
  /// With its messages as they are stored.
  package var compacted: NewExchange {
    guard messages.contains(where: { $0.raw != nil }) || choices.contains(where: { $0.raw != nil }) else { return self }
    var exchange = self
    exchange.messages = messages.map(\.compacted)
    exchange.choices = choices.map(\.compacted)
    return exchange
  }
}
