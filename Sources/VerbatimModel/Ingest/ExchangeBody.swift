/// The JSON body of one exchange, as `POST /api/chat/insert` and its sisters take it.
///
/// Everything that the exchange's own fields cannot hold exactly (unknown fields, files and errors with fields of their
/// own) is kept in `request`, in the body's own bytes.
package enum ExchangeBody {
  package enum Kind: Sendable {
    /// A finished exchange; a failed one with `error {code, message}`.
    case insert
    /// A failed exchange, with `error_code` and `error_message`.
    case error
  }

  package static func parse(
    _ json: Bytes, kind: Kind, defaults: IngestDefaults
  ) throws(InvalidExchange) -> NewExchange {
    let body: JSONSlice = try .body(json)
    var fields = BodyFields(body, kind: kind)
    var exchange = NewExchange(
      appID: try fields[.appID].requiredID(limit: IngestLimits.appID, only: defaults.onlyAppID),
      userID: try fields[.userID].requiredID(limit: IngestLimits.userID, only: defaults.onlyUserID),
      conversationID: try fields[.conversationID].id(limit: IngestLimits.conversationID),
      clientMessageID: try fields[.clientMessageID].id(limit: IngestLimits.clientMessageID),
      modelProvider: try fields[.modelProvider].id(limit: IngestLimits.modelProvider) ?? defaults.modelProvider,
      modelName: try fields[.modelID].id(limit: IngestLimits.modelID) ?? defaults.modelID,
      messages: try messages(fields), choices: [])
    exchange.idempotencyKey = try fields[.idempotencyKey].id(limit: IngestLimits.idempotencyKey)
    exchange.failure = try failure(&fields, kind: kind)
    let exported = try ExportedDetails(fields[.exported])
    if let choices = exported?.choices {
      exchange.choices = choices
    } else if exchange.failure == nil {
      exchange.choices = try choices(&fields)
    }
    if exchange.messages.isEmpty, exchange.choices.isEmpty, exchange.failure == nil { throw .empty("messages") }
    exchange.conversationName = try fields[.conversationName].id(limit: IngestLimits.name)
    exchange.attachments = try attachments(&fields)
    try readDetails(fields, into: &exchange, now: defaults.clock)
    try readFigures(&fields, into: &exchange)
    defaults.estimate(&exchange)
    exchange.request = fields.kept()
    exported?.apply(to: &exchange)
    return exchange
  }

  private static func readDetails(
    _ fields: BodyFields, into exchange: inout NewExchange, now: UUIDv7.Generator.Clock
  ) throws(InvalidExchange) {
    exchange.inputs = try fields[.inputs].object()?.bytes
    let metadata = try fields[.metadata].object()
    exchange.metadata = metadata?.bytes
    exchange.latency = metadata.flatMap(latency)
    if let usage = try fields[.usage].object() { exchange.setUsage(usage) }
    exchange.finishReason = try fields[.finishReason].id(limit: IngestLimits.code)
    exchange.systemFingerprint = try fields[.systemFingerprint].id(limit: IngestLimits.code)
    exchange.createdAt = try createdAt(fields[.createdAt], now: now)
  }

  /// What the provider's answer came with, and what it cost. A price finer than a millionth is rounded, and kept as it
  /// came, too.
  private static func readFigures(
    _ fields: inout BodyFields, into exchange: inout NewExchange
  ) throws(InvalidExchange) {
    exchange.responseID = try fields[.responseID].id(limit: IngestLimits.code)
    if let seconds = try fields[.latency].number(within: 0...1e9) { exchange.latency = .seconds(seconds) }
    exchange.currency = try fields[.currency].id(limit: IngestLimits.currency)
    guard let price = try fields[.totalPrice].number(within: 0...Double(IngestLimits.price / 1_000_000)) else { return }
    let millionths = (price * 1e6).rounded()
    exchange.totalPrice = Int64(millionths)
    if millionths / 1e6 != price { fields.keep(.totalPrice) }
  }

  /// `metadata.latency`, in seconds; what is no such number stays in the metadata alone.
  private static func latency(_ metadata: JSONSlice) -> Duration? {
    guard let seconds = metadata["latency"]?.lenientDouble, seconds >= 0, seconds < 1e9 else { return nil }
    return .seconds(seconds)
  }

  private static func createdAt(_ field: FieldValue, now: UUIDv7.Generator.Clock) throws(InvalidExchange) -> Int64? {
    guard let value = field.value else { return nil }
    guard let time = moment(value) else {
      throw .wrongType(field.name, expected: "an ISO 8601 time, or epoch seconds or milliseconds")
    }
    let now = now()
    let day: Int64 = 86_400_000
    let oldest = now - IngestLimits.oldestYears * 365 * day - IngestLimits.oldestYears / 4 * day
    guard time >= oldest, time <= now + day else {
      let years = Int(IngestLimits.oldestYears)
      throw .invalid(field: field.name, reason: "must lie between \(years) years ago and one day ahead", limit: years)
    }
    return time
  }

  /// Unix milliseconds. A number below 10^11, the year 5138, counts seconds.
  private static func moment(_ value: JSONSlice) -> Int64? {
    if let number = value.lenientDouble {
      let milliseconds = abs(number) < 1e11 ? number * 1000 : number
      return Int64(exactly: milliseconds.rounded())
    }
    return (value.string?.bytes).flatMap { Timestamp.milliseconds(iso8601: $0) }
  }
}

extension JSONSlice {
  /// A request's body, which is an object.
  static func body(_ json: Bytes) throws(InvalidExchange) -> JSONSlice {
    let body: JSONSlice
    do {
      body = try JSONSlice(checking: json)
    } catch {
      throw .malformed(offset: error.offset, reason: error.reason)
    }
    guard body.kind == .object else { throw .wrongType("body", expected: "a JSON object") }
    return body
  }
}

extension NewExchange {
  /// Takes a provider's usage as it is, and its counts of tokens from either of the two customs of naming them. Counts
  /// that nobody can have had stay in the usage alone, so that sums of the others hold.
  package mutating func setUsage(_ usage: JSONSlice) {
    self.usage = usage.bytes
    for field in usage.fields {
      guard let count = field.value.integer, IngestLimits.tokens.contains(count) else { continue }
      if field.key == "prompt_tokens" || field.key == "input_tokens" { promptTokens = count }
      if field.key == "completion_tokens" || field.key == "output_tokens" { completionTokens = count }
      if field.key == "total_tokens" { totalTokens = count }
    }
    sumTokens()
  }

  fileprivate mutating func sumTokens() {
    guard totalTokens == nil, let promptTokens, let completionTokens else { return }
    let sum = promptTokens + completionTokens
    if IngestLimits.tokens.contains(sum) { totalTokens = sum }
  }
}

extension IngestDefaults {
  /// Fills in tokens and price as far as they are wanted and not known.
  fileprivate func estimate(_ exchange: inout NewExchange) {
    let isUnknown = exchange.promptTokens == nil && exchange.completionTokens == nil && exchange.totalTokens == nil
    if estimatesTokens, isUnknown, exchange.failure == nil {
      exchange.promptTokens = exchange.messages.reduce(0) { $0 + TokenEstimator.tokens(in: $1.content ?? []) }
      exchange.completionTokens = exchange.choices.reduce(0) { $0 + TokenEstimator.tokens(in: $1.content ?? []) }
      exchange.sumTokens()
    }
    guard pricePer1000Tokens > 0, let tokens = exchange.totalTokens else { return }
    guard let price = TokenEstimator.price(tokens: tokens, per1000: pricePer1000Tokens) else { return }
    exchange.totalPrice = price
    exchange.currency = currency
  }
}
