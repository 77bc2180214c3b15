/// What stands in where a body is silent, and what it may not contradict.
package struct IngestDefaults: Sendable {
  package var modelProvider = "custom"
  package var modelID = "custom-model"
  /// Estimates tokens of finished exchanges whose usage names none.
  package var estimatesTokens = false
  /// 0 sets no price; otherwise known or estimated tokens are priced.
  package var pricePer1000Tokens = 0.0
  package var currency = "USD"
  /// The only app and user that may be recorded for; nil where the body decides.
  package var onlyAppID: String?
  package var onlyUserID: String?
  /// Unix milliseconds; bounds `created_at`.
  package var clock: UUIDv7.Generator.Clock = UnixClock.milliseconds

  package init() {}
}
