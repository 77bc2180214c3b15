/// Seed formulas for tokens and price, where a provider said nothing.
package enum TokenEstimator {
  /// Chinese characters (U+4E00 to U+9FFF) × 1.5 + runs of Latin letters × 1.3, rounded down.
  package static func tokens(in text: Bytes) -> Int64 {
    var chinese = 0
    var words = 0
    var isInWord = false
    var afterE4 = false
    for byte in text {
      // In UTF-8 the range is E4 B8 80 to E9 BF BF: every character led by E5 to E9, and those of E4 from B8 on.
      if (0xe5...0xe9).contains(byte) || afterE4 && byte >= 0xb8 { chinese += 1 }
      afterE4 = byte == 0xe4
      let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      if isLetter && !isInWord { words += 1 }
      isInWord = isLetter
    }
    return Int64(Double(chinese) * 1.5 + Double(words) * 1.3)
  }

  /// Millionths of the currency, rounded half to even as `round(tokens / 1000 * price, 6)` is. nil past `IngestLimits.price`.
  package static func price(tokens: Int64, per1000: Double) -> Int64? {
    let price = Double(tokens) / 1000 * per1000
    let millionths = price * 1e6
    var rounded = millionths.rounded(.toNearestOrEven)
    if (millionths - millionths.rounded(.down)) == 0.5 {
      // The product was rounded to a tie; what it lost says which side the price is really on.
      let lost = (-millionths).addingProduct(price, 1e6)
      if lost != 0 { rounded = millionths.rounded(lost > 0 ? .up : .down) }
    }
    guard rounded <= Double(IngestLimits.price) else { return nil }
    return Int64(exactly: rounded)
  }
}
