@testable import VerbatimModel

/// Noon of 2025-06-01, when every test happens.
let testNow: Int64 = 1_748_779_200_000

func testDefaults() -> IngestDefaults {
  var defaults = IngestDefaults()
  defaults.clock = { testNow }
  return defaults
}

func parse(
  _ body: String, kind: ExchangeBody.Kind = .insert, defaults: IngestDefaults = testDefaults()
) throws(InvalidExchange) -> NewExchange {
  try ExchangeBody.parse(Bytes(utf8: body), kind: kind, defaults: defaults)
}

/// A valid body with further fields.
func body(with fields: String) -> String {
  #"{"app_id":"a","user_id":"u","query":"q","answer":"r",\#(fields)}"#
}

func parse(with fields: String) throws(InvalidExchange) -> NewExchange { try parse(body(with: fields)) }

/// nil when the body is taken.
func failure(of body: String, kind: ExchangeBody.Kind = .insert) -> InvalidExchange? {
  do {
    _ = try parse(body, kind: kind)
    return nil
  } catch {
    return error
  }
}
