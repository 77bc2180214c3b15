/// Full-width digits, `＠`, `＋`, `．`, `－` and letters (U+FF01 to U+FF5E), as Chinese keyboards write them.
enum FullWidth {
  /// What their UTF-8 begins with, as much other punctuation.
  static let lead: UInt8 = 0xEF

  /// Whether a digit, `＠` or `＋` of full width stands there, or `）` or `－` before a digit.
  static func isHiding(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
    guard index + 2 < text.count, text[index + 1] == 0xBC else { return false }
    switch text[index + 2] {
    case 0x90...0x99, 0xA0, 0x8B: return true
    case 0x89, 0x8D: return index + 3 < text.count && text[index + 3].isDigit
    default: return false
    }
  }

  /// The ASCII character that it stands for.
  private static func narrow(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt8? {
    guard index + 2 < text.count, text[index] == lead else { return nil }
    switch (text[index + 1], text[index + 2]) {
    case (0xBC, let last) where (0x81...0xBF).contains(last): return last - 0x60
    case (0xBD, let last) where (0x80...0x9E).contains(last): return last - 0x20
    default: return nil
    }
  }

  /// The text in ASCII where that is possible, and where each of its bytes came from; the last place is the end.
  static func narrowed(_ text: UnsafeBufferPointer<UInt8>) -> (text: [UInt8], places: [Int]) {
    var narrowed: [UInt8] = []
    var places: [Int] = []
    var index = 0
    while index < text.count {
      places.append(index)
      if let byte = narrow(text, at: index) {
        narrowed.append(byte)
        index += 3
      } else {
        narrowed.append(text[index])
        index += 1
      }
    }
    places.append(text.count)
    return (narrowed, places)
  }
}
