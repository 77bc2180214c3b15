import VerbatimModel

/// Changes to JSON text at a few places, everything else byte for byte as it was.
struct Splice {
  private let text: Bytes
  private var edits: [(place: Range<Int>, replacement: Bytes)] = []

  /// Places are indices of `text`.
  init(_ text: Bytes) { self.text = text }

  mutating func replace(_ place: Range<Int>, with replacement: Bytes) { edits.append((place, replacement)) }

  mutating func insert(_ insertion: Bytes, at index: Int) { edits.append((index..<index, insertion)) }

  /// Removes the fields of an object with the commas that held them; whether one of them was there.
  mutating func remove(_ fields: Set<String>, of object: JSONSlice) {
    let found = Array(object.fields)
    let isRemoved = found.map { fields.contains($0.key.text.string) }
    let lastKept = isRemoved.lastIndex(of: false)
    for (index, field) in found.enumerated() where isRemoved[index] && index < lastKept ?? 0 {
      edits.append((field.key.json.startIndex..<found[index + 1].key.json.startIndex, []))
    }
    guard let last = found.last, isRemoved.last == true else { return }
    let start = lastKept.map { found[$0].value.bytes.endIndex } ?? found[0].key.json.startIndex
    edits.append((start..<last.value.bytes.endIndex, []))
  }

  /// The text with its changes; places may not overlap.
  func result() -> Bytes {
    guard !edits.isEmpty else { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count + 64)
    var index = text.startIndex
    let inOrder = edits.sorted { left, right in
      (left.place.lowerBound, left.place.upperBound) < (right.place.lowerBound, right.place.upperBound)
    }
    for (place, replacement) in inOrder {
      result += text[index..<place.lowerBound]
      result += replacement
      index = place.upperBound
    }
    result += text[index...]
    return result[...]
  }
}
