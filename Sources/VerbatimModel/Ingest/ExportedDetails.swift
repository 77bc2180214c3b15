/// Where an exchange was exported from.
package struct ExportedOrigin: Sendable, Equatable {
  package var id: UUIDv7?
  package var account: String?
}

/// The field `exported` of a line that an export wrote: what the exchange has beyond the other fields of a body, so that
/// it is recorded again as it was. What it does not name is absent in the exchange, too.
struct ExportedDetails {
  private enum Field: String, CaseIterable {
    case id, choices, request, stream, latency, currency
    case accountID = "account_id"
    case responseID = "response_id"
    case firstTokenLatency = "first_token_latency"
    case totalPrice = "total_price"
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
  }

  private static let fields = JSONKeyTable(Field.allCases)
  private static let mostChoices = 10_000
  private static let mostMilliseconds: Int64 = 1_000_000_000_000

  /// nil where they are said by `answer`, or there is none.
  let choices: [Message]?
  private let origin: ExportedOrigin
  private let request: Bytes?
  private let isStream: Bool
  private let responseID: String?
  private let currency: String?
  private let latency: Duration?
  private let firstTokenLatency: Duration?
  private let totalPrice: Int64?
  private let promptTokens: Int64?
  private let completionTokens: Int64?
  private let totalTokens: Int64?

  /// nil for an absent field.
  init?(_ exported: FieldValue) throws(InvalidExchange) {
    guard let object = try exported.object(limit: .max) else { return nil }
    let known = JSONKnownFields(object, Self.fields) { _ in }
    func field(_ key: Field) -> FieldValue { FieldValue("exported.\(key.rawValue)", known[key]) }
    func duration(_ key: Field) throws(InvalidExchange) -> Duration? {
      try field(key).integer(within: 0...Self.mostMilliseconds).map { .milliseconds($0) }
    }
    let listed = field(.choices)
    if listed.isPresent {
      choices = try ExchangeBody.messages(try listed.array(limit: Self.mostChoices), name: listed.name)
    } else {
      choices = nil
    }
    origin = ExportedOrigin(
      id: try field(.id).text().flatMap { UUIDv7($0.string) }, account: try field(.accountID).text()?.string)
    request = (try field(.request).object(limit: .max)?.bytes).map(KeptRequest.stored(exported:))
    isStream = field(.stream).value?.boolean ?? false
    responseID = try field(.responseID).id(limit: IngestLimits.code)
    currency = try field(.currency).id(limit: 16)
    latency = try duration(.latency)
    firstTokenLatency = try duration(.firstTokenLatency)
    totalPrice = try field(.totalPrice).integer(within: 0...IngestLimits.price)
    promptTokens = try field(.promptTokens).integer(within: IngestLimits.tokens)
    completionTokens = try field(.completionTokens).integer(within: IngestLimits.tokens)
    totalTokens = try field(.totalTokens).integer(within: IngestLimits.tokens)
  }

  func apply(to exchange: inout NewExchange) {
    exchange.exported = origin
    exchange.request = request
    exchange.isStream = isStream
    exchange.responseID = responseID
    exchange.currency = currency
    exchange.latency = latency
    exchange.firstTokenLatency = firstTokenLatency
    exchange.totalPrice = totalPrice
    exchange.promptTokens = promptTokens
    exchange.completionTokens = completionTokens
    exchange.totalTokens = totalTokens
  }
}
