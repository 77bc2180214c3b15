import VerbatimModel

/// Texts within the lengths that the columns have; what was longer is whole in the record of its row.
enum LegacyText {
  static func limited(_ text: String?, to limit: Int) -> String? {
    guard let text else { return nil }
    let clean = text.contains("\0") ? text.replacing("\0", with: "\u{FFFD}") : text
    return Bytes(utf8: clean).prefixOfCharacters(limit).string
  }

  /// As `limited`, and not empty.
  static func limited(_ text: String?, to limit: Int, default standard: String) -> String {
    let limited = limited(text, to: limit) ?? ""
    return limited.isEmpty ? standard : limited
  }

  /// As an id: two that differ only behind the limit stay two.
  static func id(_ text: String?, limit: Int) -> String? {
    guard let text, !text.isEmpty else { return nil }
    let limited = limited(text, to: limit)
    if limited == text { return text }
    let digest = String(LegacyID.hash(Bytes(utf8: text)), radix: 16)
    return (self.limited(text, to: limit - digest.count - 1) ?? "") + "~" + digest
  }
}

/// Ids that follow from where a row stood: moving it again gives the same.
enum LegacyID {
  /// `time`: Unix milliseconds. Ids of one time ascend with a numbered table's ids. The tail tells tables and sources
  /// apart; behind it is room for 2^14 messages and files.
  static func first(of row: LegacyRow, at time: Int64, source: String) -> UUIDv7 {
    let number: UInt64 = row.integer("id").map { UInt64(bitPattern: $0) } ?? hash(row["id"] ?? []) >> 24
    let tag: UInt64 = hash(Bytes(utf8: source + "/" + row.table.originalName)) >> 44
    return UUIDv7.derived(at: time, number: number, tag: tag)
  }

  /// FNV-1a.
  static func hash(_ bytes: Bytes) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
