import HTTP
import VerbatimModel
import VerbatimStore

/// Takes finished and failed exchanges.
struct IngestHandlers: Sendable {
  private let store: Store
  private let defaults: IngestDefaults
  private let bodyLimit: Int

  init(store: Store, configuration: Configuration) {
    self.store = store
    defaults = configuration.ingestDefaults
    // Of one exchange as it is after decoding; a batch, of which few are in memory at once, may expand further.
    bodyLimit = configuration.server.maximumBodySize
  }

  @Sendable func insert(_ request: HTTPRequest) async throws -> HTTPResponse {
    try await record(request, .insert)
  }

  @Sendable func insertFailure(_ request: HTTPRequest) async throws -> HTTPResponse {
    try await record(request, .error)
  }

  @Sendable func insertBatch(_ request: HTTPRequest) async throws -> HTTPResponse {
    let type = try ContentType(request.fields)
    let key = try request.idempotencyKey(longest: IdempotencyKey.longest - BatchIngest.indexSuffixLength)
    var batch = BatchIngest(
      recording: try Recording(request, to: store, defaults: defaults), elementLimit: bodyLimit, idempotencyKey: key)
    return try await batch.run(request.body, as: type)
  }

  private func record(_ request: HTTPRequest, _ kind: ExchangeBody.Kind) async throws -> HTTPResponse {
    guard case .json = try ContentType(request.fields) else {
      throw APIError.unsupportedMediaType("the body is one exchange; it must be application/json")
    }
    let recording = try Recording(request, to: store, defaults: defaults)
    let key = try request.idempotencyKey(longest: IdempotencyKey.longest)
    let body = try await request.body.collect(upTo: bodyLimit)
    var exchange = try recording.exchange(body[...], kind)
    if exchange.clientMessageID == nil { exchange.clientMessageID = key }
    return answer(try await recording.append(exchange))
  }

  private func answer(_ receipt: Store.Receipt) -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    json.key("success")
    json.boolean(true)
    json.receipt(receipt)
    json.key("error")
    json.null()
    json.endObject()
    var response = HTTPResponse.json(json)
    if receipt.isJournaled { response.sayJournaled() }
    return response
  }
}

extension HTTPResponse {
  /// Where it is said that a record is durable on this machine only, until the history's server can be reached again.
  static let durabilityField = "X-Verbatim-Durability"

  mutating func sayJournaled() { fields[Self.durabilityField] = "journal" }
}

enum IdempotencyKey {
  /// Characters, as of `client_message_id`, whose place it takes.
  static let longest = 64
}

extension HTTPRequest {
  /// The `Idempotency-Key` header, which stands in where a body has no `client_message_id`.
  func idempotencyKey(longest: Int) throws(APIError) -> String? {
    guard let key = fields["Idempotency-Key"], !key.isEmpty else { return nil }
    guard key.unicodeScalars.count <= longest else {
      throw .invalid("the header Idempotency-Key is longer than \(longest) characters")
    }
    guard !key.unicodeScalars.contains("\u{FFFD}") else {
      throw .invalid("the header Idempotency-Key is not UTF-8")
    }
    return key
  }
}

extension JSONWriter {
  mutating func receipt(_ receipt: Store.Receipt) {
    key("conversation_id")
    string(receipt.conversationID)
    key("message_id")
    uuid(receipt.exchangeID)
    key("duplicate")
    boolean(receipt.isDuplicate)
  }
}

extension Configuration {
  package var ingestDefaults: IngestDefaults {
    var defaults = IngestDefaults()
    defaults.modelProvider = defaultModelProvider
    defaults.modelID = defaultModelID
    defaults.estimatesTokens = isTokenEstimationEnabled
    defaults.pricePer1000Tokens = pricePerThousandTokens
    defaults.currency = currency
    return defaults
  }
}
