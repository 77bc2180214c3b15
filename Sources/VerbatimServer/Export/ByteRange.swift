/// What a `Range` field asks for (RFC 9110, section 14).
enum ByteRange: Equatable {
  case bytes(Range<Int>)
  case unsatisfiable

  /// nil for no field, and for those that are to be ignored: other units, several ranges, none that can be read.
  init?(_ field: String?, of size: Int) {
    guard let field, field.hasPrefix("bytes=") else { return nil }
    let parts = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    switch (parts[0].isEmpty, parts[1].isEmpty) {
    case (true, false):
      guard let count = Self.number(parts[1]) else { return nil }
      self = count > 0 && size > 0 ? .bytes(max(0, size - count)..<size) : .unsatisfiable
    case (false, let isOpen):
      guard let first = Self.number(parts[0]), let last = isOpen ? Int.max : Self.number(parts[1]), first <= last
      else { return nil }
      self = first < size ? .bytes(first..<min(last, size - 1) + 1) : .unsatisfiable
    case (true, true): return nil
    }
  }

  /// Larger ones than there can be bytes are as good as the largest.
  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text) ?? .max
  }
}
