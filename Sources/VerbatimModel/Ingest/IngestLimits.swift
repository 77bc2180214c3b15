/// What a body may hold. Characters are Unicode scalars, sizes are bytes of JSON text.
package enum IngestLimits {
  package static let appID = 64
  package static let userID = 64
  package static let conversationID = 255
  package static let clientMessageID = 64
  package static let idempotencyKey = 128
  package static let modelProvider = 64
  package static let modelID = 128
  /// Of a message, a file, and its MIME type.
  package static let name = 255
  /// Of a finish reason, a system fingerprint and an error code.
  package static let code = 255
  package static let url = 2048
  /// Of a client's address.
  package static let address = 64
  package static let uploadFileID = 128
  package static let currency = 8
  package static let files = 100
  package static let choices = 100
  package static let messages = 10_000
  /// Of `inputs`, `metadata`, `usage`, and a file's `metadata`, each.
  package static let objectSize = 1 << 20
  /// Of one exchange, as far as they are counted and priced.
  package static let tokens: ClosedRange<Int64> = 0...1_000_000_000
  /// Millionths of the currency, of one exchange: a million of it.
  package static let price: Int64 = 1_000_000_000_000
  package static let oldestYears: Int64 = 20
}
