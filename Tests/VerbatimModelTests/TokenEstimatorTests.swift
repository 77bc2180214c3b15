import Testing

@testable import VerbatimModel

@Suite struct TokenEstimatorTests {
  @Test(
    arguments: [
      ("", 0), ("hello", 1), ("hello world", 2), ("don't", 2), ("a1b", 2), ("你", 1), ("你好", 3), ("你好 world", 4),
      ("一鿿", 3), ("㿿ꀀ，。", 0), ("é", 0), ("naïve", 2), ("😀", 0), ("GPT-4 模型", 4), ("123", 0), ("[a]{b}@Z`", 3),
    ] as [(String, Int64)])
  func `Tokens are counted by the seed's formula`(text: String, tokens: Int64) {
    #expect(TokenEstimator.tokens(in: Bytes(utf8: text)) == tokens)
  }

  /// What Python's `round(tokens / 1000 * price, 6)` gives, in millionths.
  @Test(
    arguments: [
      (1000, 0.002, 2000), (1, 0.0005, 0), (3, 0.0005, 2), (5, 0.0005, 3), (7, 0.0005, 3), (1234, 0.03, 37020),
      (25, 0.0001, 3), (1, 0, 0), (333, 0.0333, 11089),
    ] as [(Int64, Double, Int64)])
  func `Prices are rounded to millionths`(tokens: Int64, per1000: Double, millionths: Int64) {
    #expect(TokenEstimator.price(tokens: tokens, per1000: per1000) == millionths)
  }

  @Test func `A price past its limit is none`() {
    #expect(TokenEstimator.price(tokens: 1_000_000, per1000: 1000) == IngestLimits.price)
    #expect(TokenEstimator.price(tokens: 1_000_001, per1000: 1000) == nil)
    #expect(TokenEstimator.price(tokens: .max, per1000: 1e9) == nil)
  }

  @Test(arguments: ["9000000000000000000", "1000000001", "-1"])
  func `Counts of tokens that cannot be stay in the usage alone`(count: String) throws {
    var defaults = testDefaults()
    defaults.pricePer1000Tokens = 0.001
    let usage = #"{"prompt_tokens":3,"completion_tokens":\#(count),"total_tokens":\#(count)}"#
    let exchange = try parse(body(with: #""usage":\#(usage)"#), defaults: defaults)
    #expect(exchange.usage?.string == usage)
    #expect(exchange.promptTokens == 3)
    #expect(exchange.completionTokens == nil && exchange.totalTokens == nil && exchange.totalPrice == nil)
  }

  @Test func `A sum of tokens that cannot be is none`() throws {
    let usage = #"{"prompt_tokens":1000000000,"completion_tokens":1}"#
    let exchange = try parse(body(with: #""usage":\#(usage)"#), defaults: testDefaults())
    #expect(exchange.completionTokens == 1 && exchange.totalTokens == nil)
  }

  @Test func `Tokens are estimated only where wanted and not known`() throws {
    var defaults = testDefaults()
    let body = body(with: #""x":1"#).replacing("\"q\"", with: "\"你好 world\"")
    #expect(try parse(body, defaults: defaults).totalTokens == nil)
    defaults.estimatesTokens = true
    let estimated = try parse(body, defaults: defaults)
    #expect(estimated.promptTokens == 4 && estimated.completionTokens == 1 && estimated.totalTokens == 5)
    #expect(estimated.usage == nil && estimated.totalPrice == nil && estimated.currency == nil)
    let known = try parse(VerbatimModelTests.body(with: #""usage":{"total_tokens":70}"#), defaults: defaults)
    #expect(known.promptTokens == nil && known.totalTokens == 70)
    let failed = #"{"app_id":"a","user_id":"u","query":"q","error":{"code":1,"message":"m"}}"#
    #expect(try parse(failed, defaults: defaults).promptTokens == nil)
  }

  @Test func `Known and estimated tokens are priced once there is a price`() throws {
    var defaults = testDefaults()
    defaults.pricePer1000Tokens = 0.5
    defaults.currency = "CNY"
    let known = try parse(body(with: #""usage":{"total_tokens":70}"#), defaults: defaults)
    #expect(known.totalPrice == 35_000 && known.currency == "CNY")
    #expect(try parse(body(with: #""x":1"#), defaults: defaults).totalPrice == nil)
  }
}
