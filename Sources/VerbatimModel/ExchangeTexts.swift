/// The texts of an exchange's row, some of them absent, in one piece of memory: reading a row costs one allocation for
/// all, and none of them becomes a `String` unless it is asked for.
package struct ExchangeTexts: Sendable {
  package enum Column: Int, CaseIterable, Sendable {
    case conversationID, appID, userID, modelProvider, modelName, clientMessageID, finishReason, systemFingerprint
    case responseID, currency, tokenName, ip, inputs, metadata, usage
  }

  /// Room for what most rows hold.
  private static let usualSize = 512

  private var bytes: [UInt8] = []
  /// Where each ends; of an absent one, the complement of where it would.
  private var ends = InlineArray<15, Int>(repeating: 0)

  /// `append` is called for each column in order; it appends the column's text, or answers false where there is none.
  package init<Failure>(_ append: (Column, inout [UInt8]) throws(Failure) -> Bool) throws(Failure) {
    bytes.reserveCapacity(Self.usualSize)
    for column in Column.allCases {
      let isThere = try append(column, &bytes)
      ends[column.rawValue] = isThere ? bytes.count : ~bytes.count
    }
  }

  package var byteCount: Int { bytes.count }

  /// The text as it was read, which need not be well-formed UTF-8.
  package subscript(column: Column) -> Bytes? { range(of: column).map { bytes[$0] } }

  /// "" for an absent one.
  package func string(_ column: Column) -> String { optionalString(column) ?? "" }

  package func optionalString(_ column: Column) -> String? { self[column]?.string }

  fileprivate func range(of column: Column) -> Range<Int>? {
    let end = ends[column.rawValue]
    guard end >= 0 else { return nil }
    guard column.rawValue > 0 else { return 0..<end }
    let before = ends[column.rawValue - 1]
    return (before >= 0 ? before : ~before)..<end
  }

  fileprivate func withText<Result>(
    _ column: Column, _ body: (UnsafeBufferPointer<UInt8>?) -> Result
  ) -> Result {
    guard let range = range(of: column) else { return body(nil) }
    return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
  }
}

extension JSONWriter {
  /// Writes the text as a string, or null.
  package mutating func string(_ column: ExchangeTexts.Column, of texts: ExchangeTexts) {
    texts.withText(column) { text in
      if let text { string(text) } else { null() }
    }
  }

  /// Writes the text, which is JSON, as it is, or else `substitute`.
  package mutating func raw(_ column: ExchangeTexts.Column, of texts: ExchangeTexts, else substitute: StaticString) {
    texts.withText(column) { text in
      if let text { raw(text) } else { raw(substitute) }
    }
  }
}
