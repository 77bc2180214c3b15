/// The column `request` of what did not come through the gateway: an object of fields that somebody wrote. Where its last
/// one is called `_verbatim` as well, another stands behind it, which is null: so nobody's bytes are taken for what the
/// gateway says.
extension KeptRequest {
  private static let mark = Bytes(utf8: #","_verbatim":null"#)

  /// What is stored of such an object.
  package static func stored(foreign object: Bytes) -> Bytes {
    guard let last = lastField(of: object), last.key == field, let end = object.lastIndex(of: UInt8(ascii: "}")) else {
      return object
    }
    return object[..<end] + mark + object[end...]
  }

  /// Such an object as it came.
  package static func foreign(stored: Bytes) -> Bytes {
    guard isMarked(stored) else { return stored }
    return stored.dropLast(mark.count + 1) + stored.suffix(1)
  }

  /// What is stored of the request in a line of an export: a gateway's stays one where the gateway could have written it.
  static func stored(exported request: Bytes) -> Bytes {
    if isMarked(request) { return request }
    guard let kept = KeptRequest(stored: request) else { return stored(foreign: request) }
    return kept.isSound && kept.stored.elementsEqual(request) ? request : stored(foreign: request)
  }

  private static func isMarked(_ object: Bytes) -> Bool {
    object.last == UInt8(ascii: "}") && object.dropLast().suffix(mark.count).elementsEqual(mark)
  }

  private static func lastField(of object: Bytes) -> JSONField? {
    var last: JSONField?
    for field in JSONSlice(trusting: object).fields { last = field }
    return last
  }

  /// Whether everything in it is of the kind that it says, and nothing is borrowed.
  private var isSound: Bool {
    borrowed.isEmpty && hasRoomForMessages && Self.isObject(answer) && Self.isObject(sent)
      && layout.map(KeptLayout.isSound) != false
  }

  private static func isObject(_ json: Bytes?) -> Bool { json.map { JSONSlice(trusting: $0).kind == .object } != false }
}

extension KeptLayout {
  /// Whether a layout is one that a request can have been written with.
  static func isSound(_ layout: Bytes) -> Bool {
    JSONSlice(trusting: layout).fields.allSatisfy { field in
      switch field.key.text.string {
      case "leading": (field.value.integer ?? -1) >= 0
      case "gaps": areGaps(Array(field.value.elements))
      case "as": field.value.elements.allSatisfy(isSpelling)
      default: false
      }
    }
  }

  /// White space, but with a comma between two elements.
  private static func areGaps(_ gaps: [JSONSlice]) -> Bool {
    gaps.enumerated().allSatisfy { index, gap in
      guard let text = gap.string?.bytes else { return false }
      let isBetween = index > 0 && index < gaps.count - 1
      return text.trimmingJSONSpace().elementsEqual(isBetween ? [UInt8(ascii: ",")] : [])
    }
  }

  /// `[index, object, fill]`, the last where something is filled in.
  private static func isSpelling(_ entry: JSONSlice) -> Bool {
    let parts = Array(entry.elements)
    guard (2...3).contains(parts.count), let index = parts[0].integer, index >= 0 else { return false }
    return parts[1].kind == .object && (parts.count == 2 || MessageLayout.isFill(parts[2], of: parts[1]))
  }
}
