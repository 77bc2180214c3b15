import Foundation
import VerbatimModel

/// What rows said beyond what the columns of an exchange hold: an object under `legacy` in its metadata.
///
///     {"legacy": {"table": "messages", "columns": {"id": 7, …}, "messages": [{"id": 6, …}]}}
///
/// `columns` are those of the row that became the exchange; `messages` those of the rows before it, where they differ.
struct LegacyRecord {
  private let row: LegacyRow
  private var omitted: Set<String>
  private var others: [(row: LegacyRow, omitted: Set<String>)] = []

  /// `omitted`: columns that stand elsewhere already, as they were.
  init(_ row: LegacyRow, omitted: Set<String>) {
    self.row = row
    self.omitted = omitted
  }

  /// With these columns even so.
  func keeping(_ columns: Set<String>) -> LegacyRecord {
    var record: LegacyRecord = self
    record.omitted.subtract(columns)
    return record
  }

  mutating func add(_ row: LegacyRow, omitted: Set<String>) { others.append((row, omitted)) }

  /// The fields of `object`, and the record behind them.
  func metadata(with object: JSONSlice? = nil) -> Bytes {
    var writer = JSONWriter(reservingCapacity: (object?.bytes.count ?? 0) + 256 + others.count * 64)
    writer.beginObject()
    for field in object?.fields ?? JSONSlice(trusting: Bytes(utf8: "{}")).fields {
      writer.key(text: field.key.text.string)
      writer.raw(field.value.bytes)
    }
    var key = "legacy"
    while object?[key] != nil { key = "_" + key }
    writer.key(text: key)
    write(to: &writer)
    writer.endObject()
    return writer.bytes[...]
  }

  private func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("table")
    writer.string(row.table.originalName)
    writer.key("columns")
    Self.write(row, omitted, besides: nil, to: &writer)
    if !others.isEmpty {
      writer.key("messages")
      writer.beginArray()
      for (other, omitted) in others { Self.write(other, omitted, besides: row, to: &writer) }
      writer.endArray()
    }
    writer.endObject()
  }

  private static func write(
    _ row: LegacyRow, _ omitted: Set<String>, besides other: LegacyRow?, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    for (column, value) in zip(row.table.columns, row.values) where !omitted.contains(column.name) {
      if let other, column.name != "id", other[column.name] == value { continue }
      writer.key(text: column.name)
      write(value, isNumber: column.type.contains("int"), to: &writer)
    }
    writer.endObject()
  }

  /// Numbers as such where they are whole; bytes that are no text as `{"base64": …}`.
  private static func write(_ value: Bytes?, isNumber: Bool, to writer: inout JSONWriter) {
    guard let value else { return writer.null() }
    let text: String = value.string
    if isNumber, let number = Int64(text) { return writer.integer(number) }
    if Bytes(utf8: text) == value { return writer.string(text) }
    writer.beginObject()
    writer.key("base64")
    writer.string(Data(value).base64EncodedString())
    writer.endObject()
  }
}
