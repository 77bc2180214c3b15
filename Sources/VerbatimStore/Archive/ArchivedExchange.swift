import Databases
import VerbatimModel

/// An exchange's rows as its tables have them, whatever the columns: what an archive keeps and gives back.
package struct ArchivedExchange: Sendable, Equatable {
  let isFailure: Bool
  /// Values in the order of the table's columns; messages in the order of their ids, or the one failure.
  var rows: [[SQLValue]]
  var files: [[SQLValue]] = []
}

/// The columns of the tables whose rows an archive holds, as one database has them.
package struct ArchiveLayout: Sendable {
  let messages: CopiedTable
  let failures: CopiedTable
  let files: CopiedTable

  func table(_ isFailure: Bool) -> CopiedTable { isFailure ? failures : messages }

  /// One line of NDJSON: `{"kind": "messages", "rows": [{…}], "files": [{…}]}`; columns that are null are left out.
  package func line(_ exchange: ArchivedExchange) -> [UInt8] {
    var json = JSONWriter(reservingCapacity: 2048)
    json.beginObject()
    json.key("kind")
    json.string(exchange.isFailure ? "failure" : "messages")
    json.key("rows")
    json.rows(exchange.rows, of: table(exchange.isFailure))
    if !exchange.files.isEmpty {
      json.key("files")
      json.rows(exchange.files, of: files)
    }
    json.endObject()
    json.endLine()
    return json.bytes
  }

  /// Throws `StoreError.rejected` for what is no such line.
  package func exchange(_ json: JSONSlice) throws(StoreError) -> ArchivedExchange {
    let kind: String? = json["kind"]?.string?.string
    guard kind == "messages" || kind == "failure", let rows = json["rows"], rows.kind == .array else {
      throw .rejected(field: "line", reason: "is no exchange of an archive")
    }
    let table: CopiedTable = table(kind == "failure")
    var exchange = ArchivedExchange(isFailure: kind == "failure", rows: [])
    for row in rows.elements { exchange.rows.append(try table.values(row)) }
    if let listed = json["files"] {
      for row in listed.elements { exchange.files.append(try files.values(row)) }
    }
    guard !exchange.rows.isEmpty else { throw .rejected(field: "rows", reason: "is empty") }
    return exchange
  }

  /// What archived exchanges hold; equal to what their tables hold.
  package func contents(_ exchange: ArchivedExchange) -> Contents {
    var contents = Contents()
    for values in exchange.rows + exchange.files {
      var hash = RowHash()
      for value in values { hash.add(value) }
      contents.add(hash)
    }
    return contents
  }
}

extension CopiedTable {
  fileprivate func values(_ json: JSONSlice) throws(StoreError) -> [SQLValue] {
    var values: [SQLValue] = []
    for column in columns {
      guard let field = json[column.name], !field.isNull else {
        values.append(.null)
        continue
      }
      guard let value = Self.value(field, column.type) else {
        throw .rejected(field: column.name, reason: "is not what the column holds")
      }
      values.append(value)
    }
    return values
  }

  private static func value(_ json: JSONSlice, _ type: BulkInsert.ColumnType) -> SQLValue? {
    switch type {
    case .integer: json.integer.map { .integer($0) }
    case .real: json.double.map { .real($0) }
    case .text: (json.string?.bytes).map { .blob($0) }
    case .blob: (json.string?.bytes).flatMap { [UInt8](hexadecimal: $0) }.map { .blob($0[...]) }
    case .id: (json.string?.bytes).flatMap { [UInt8](hexadecimal: $0) }.flatMap(Self.id)
    }
  }

  private static func id(_ bytes: [UInt8]) -> SQLValue? {
    guard bytes.count == 16 else { return nil }
    func word(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
    return .id(high: word(bytes[..<8]), low: word(bytes[8...]))
  }
}

extension JSONWriter {
  fileprivate mutating func rows(_ rows: [[SQLValue]], of table: CopiedTable) {
    beginArray()
    for row in rows {
      beginObject()
      for (column, value) in zip(table.columns, row) where value != .null {
        key(text: column.name)
        self.value(value, column.type)
      }
      endObject()
    }
    endArray()
  }

  private mutating func value(_ value: SQLValue, _ type: BulkInsert.ColumnType) {
    switch value {
    case .null: null()
    case .integer(let number): integer(number)
    case .real(let number): double(number)
    case .text(let text): string(text)
    case .blob(let bytes): if type == .text { string(bytes) } else { string(bytes.hexadecimal) }
    case .id(let high, let low): string(UUIDv7(high: high, low: low).description)
    }
  }
}

extension Bytes {
  fileprivate var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension [UInt8] {
  /// Pairs of hexadecimal digits; hyphens are passed over.
  fileprivate init?(hexadecimal text: Bytes) {
    let digits: [UInt8] = text.filter { $0 != UInt8(ascii: "-") }
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else { return nil }
      bytes.append(byte)
    }
    self = bytes
  }
}
