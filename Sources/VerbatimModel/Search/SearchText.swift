/// A text as it is searched: its tokens in order. A word is a token; of scripts without spaces every character is one.
///
/// Reuse one for many texts: it keeps its memory.
package struct SearchText: Sendable {
  struct Token: Sendable, Equatable {
    /// Its bytes among `bytes`.
    fileprivate(set) var bytes: Range<Int>
    /// Where it stands in the text, in bytes.
    fileprivate(set) var source: Range<Int>
    let isIdeograph: Bool
    /// Nothing but what is ignored lies between it and the token before.
    let isGlued: Bool
  }

  /// The tokens' UTF-8, one behind the other.
  private(set) var bytes: [UInt8] = []
  private(set) var tokens: [Token] = []
  private var isInWord = false
  private var isBehindToken = false

  package init() {}

  package init(_ text: Bytes) {
    set(text)
  }

  /// Takes another text apart. Bytes that are no UTF-8 separate words.
  package mutating func set(_ text: Bytes) {
    bytes.removeAll(keepingCapacity: true)
    tokens.removeAll(keepingCapacity: true)
    isInWord = false
    isBehindToken = false
    let folding = TextFolding.shared
    text.withUnsafeBufferPointer { buffer in scan(buffer, folding) }
  }

  func isEqual(_ token: Token, _ other: Token, of text: borrowing SearchText) -> Bool {
    bytes[token.bytes].elementsEqual(text.bytes[other.bytes])
  }

  private mutating func scan(_ text: UnsafeBufferPointer<UInt8>, _ folding: TextFolding) {
    var decoder = ScalarDecoder(text)
    var next: DecodedScalar? = decoder.next()
    while let first = next {
      let character: FoldedCharacter = folding[first.value]
      next = decoder.next()
      var end: Int = first.end
      while let joining = next, joining.value >= 0x300, folding[joining.value].joinsPrevious {
        end = joining.end
        next = decoder.next()
      }
      if end == first.end, !character.becomesMany {
        add(character, first.start..<end)
      } else {
        let chunk = String(decoding: text[first.start..<end], as: UTF8.self)
        for character in folding.fold(chunk) { add(character, first.start..<end) }
      }
    }
  }

  @inline(__always) private mutating func add(_ character: FoldedCharacter, _ source: Range<Int>) {
    switch character.kind {
    case .ignored: return
    case .separator:
      isInWord = false
      isBehindToken = false
    case .ideograph:
      begin(isIdeograph: true, source)
      append(character.value, source)
      isInWord = false
    case .letter:
      if !isInWord { begin(isIdeograph: false, source) }
      append(character.value, source)
      isInWord = true
    }
  }

  private mutating func begin(isIdeograph: Bool, _ source: Range<Int>) {
    tokens.append(
      Token(
        bytes: bytes.count..<bytes.count, source: source, isIdeograph: isIdeograph, isGlued: isBehindToken))
    isBehindToken = true
  }

  @inline(__always) private mutating func append(_ value: UInt32, _ source: Range<Int>) {
    if value < 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value))
    } else if value < 0x800 {
      bytes.append(UInt8(truncatingIfNeeded: 0xC0 | value >> 6))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
    } else {
      if value < 0x1_0000 {
        bytes.append(UInt8(truncatingIfNeeded: 0xE0 | value >> 12))
      } else {
        bytes.append(UInt8(truncatingIfNeeded: 0xF0 | value >> 18))
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 12 & 0x3F))
      }
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
    }
    let last: Int = tokens.count - 1
    tokens[last].bytes = tokens[last].bytes.lowerBound..<bytes.count
    tokens[last].source = tokens[last].source.lowerBound..<source.upperBound
  }
}
