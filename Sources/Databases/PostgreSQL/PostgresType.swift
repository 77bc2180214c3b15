/// A type of PostgreSQL by its number in `pg_type`, which is the same on every server for those named here.
struct PostgresType: RawRepresentable, Hashable, Sendable {
  let rawValue: UInt32

  /// The server finds out by itself.
  static let unspecified = PostgresType(rawValue: 0)
  static let boolean = PostgresType(rawValue: 16)
  static let bytes = PostgresType(rawValue: 17)
  static let integer64 = PostgresType(rawValue: 20)
  static let integer16 = PostgresType(rawValue: 21)
  static let integer32 = PostgresType(rawValue: 23)
  static let text = PostgresType(rawValue: 25)
  static let objectIdentifier = PostgresType(rawValue: 26)
  static let real32 = PostgresType(rawValue: 700)
  static let real64 = PostgresType(rawValue: 701)
  static let date = PostgresType(rawValue: 1082)
  static let timestamp = PostgresType(rawValue: 1114)
  static let timestampWithZone = PostgresType(rawValue: 1184)
  static let numeric = PostgresType(rawValue: 1700)
  static let uuid = PostgresType(rawValue: 2950)
  static let jsonBinary = PostgresType(rawValue: 3802)

  /// What a column holds, which decides how its binary form is read. Text and what looks like it in binary, too (`json`,
  /// `varchar`, `name`, enumerations), is `other`.
  enum Content {
    case integer, real, boolean, numeric, bytes, uuid, timestamp, date, jsonBinary, other
  }

  var content: Content {
    switch self {
    case .integer16, .integer32, .integer64, .objectIdentifier: .integer
    case .real32, .real64: .real
    case .boolean: .boolean
    case .numeric: .numeric
    case .bytes: .bytes
    case .uuid: .uuid
    case .timestamp, .timestampWithZone: .timestamp
    case .date: .date
    case .jsonBinary: .jsonBinary
    default: .other
    }
  }

  /// Whether a parameter's binary form is its UTF-8: `text`, `varchar`, `char(n)`, `name`, `unknown`, `json`.
  var isText: Bool { [25, 1043, 1042, 19, 705, 114].contains(rawValue) }

  /// The type of an array's elements and of the array, for what is inserted in bulk.
  static func array(of column: BulkInsert.ColumnType) -> (element: PostgresType, name: String) {
    switch column {
    case .integer: (.integer64, "bigint[]")
    case .real: (.real64, "double precision[]")
    case .text: (.text, "text[]")
    case .blob: (.bytes, "bytea[]")
    case .id: (.uuid, "uuid[]")
    }
  }
}
