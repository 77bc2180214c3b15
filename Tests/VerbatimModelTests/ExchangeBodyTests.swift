import Testing

@testable import VerbatimModel

@Suite struct ExchangeBodyTests {
  @Test func `The least body takes the defaults`() throws {
    let exchange = try parse(#"{"app_id":"a","user_id":"u","query":"q","answer":"r"}"#)
    #expect(exchange.appID == "a" && exchange.userID == "u")
    #expect(exchange.messages.map(\.role) == ["user"] && exchange.choices.map(\.role) == ["assistant"])
    #expect(exchange.messages[0].content?.string == "q" && exchange.choices[0].content?.string == "r")
    #expect(exchange.messages[0].raw == nil && exchange.choices[0].raw == nil)
    #expect(exchange.modelProvider == "custom" && exchange.modelName == "custom-model")
    #expect(exchange.conversationID == nil && exchange.clientMessageID == nil && exchange.idempotencyKey == nil)
    #expect(exchange.attachments.isEmpty && exchange.request == nil && exchange.failure == nil)
    #expect(exchange.inputs == nil && exchange.metadata == nil && exchange.usage == nil && exchange.createdAt == nil)
    #expect(exchange.totalTokens == nil && exchange.totalPrice == nil && exchange.latency == nil)
  }

  @Test func `Every field finds its place`() throws {
    let exchange = try parse(
      #"""
      {"app_id":"a","user_id":"u","query":"q","answer":"r","model_provider":"openai","model_id":"gpt","conversation_id":"c",
       "client_message_id":"m","idempotency_key":"k","inputs":{"x": 1.0},"metadata":{"latency":1.25},
       "usage":{"prompt_tokens":3,"completion_tokens":4},"finish_reason":"stop","system_fingerprint":"fp",
       "created_at":"2025-01-15T10:30:00Z"}
      """#)
    #expect(exchange.modelProvider == "openai" && exchange.modelName == "gpt")
    #expect(exchange.conversationID == "c" && exchange.clientMessageID == "m" && exchange.idempotencyKey == "k")
    #expect(exchange.inputs?.string == #"{"x": 1.0}"# && exchange.metadata?.string == #"{"latency":1.25}"#)
    #expect(exchange.latency == .milliseconds(1250))
    #expect(exchange.usage?.string == #"{"prompt_tokens":3,"completion_tokens":4}"#)
    #expect(exchange.promptTokens == 3 && exchange.completionTokens == 4 && exchange.totalTokens == 7)
    #expect(exchange.finishReason == "stop" && exchange.systemFingerprint == "fp")
    #expect(exchange.createdAt == 1_736_937_000_000)
    #expect(exchange.request == nil)
  }

  @Test func `Null is absent, and so is an empty optional text`() throws {
    let exchange = try parse(
      with: #"""
        "model_provider":null,"model_id":"","conversation_id":"","client_message_id":null,"files":null,"inputs":null,
        "metadata":null,"usage":null,"finish_reason":null,"created_at":null,"messages":null,"error":null
        """#)
    #expect(exchange.modelProvider == "custom" && exchange.modelName == "custom-model")
    #expect(exchange.conversationID == nil && exchange.clientMessageID == nil && exchange.request == nil)
  }

  @Test func `Unknown fields are kept in order and in their own bytes`() throws {
    let exchange = try parse(
      with: #""z": [ 1e400 ],"\u0061":"\ud800","model":"x","z":2,"error_code":5,"n":12345678901234567890123"#)
    #expect(
      exchange.request?.string
        == #"{"z":[ 1e400 ],"\u0061":"\ud800","model":"x","z":2,"error_code":5,"n":12345678901234567890123}"#)
  }

  @Test func `The last of repeated fields counts, whatever the others are`() throws {
    #expect(try parse(with: #""app_id":7,"\u0061pp_id":"last""#).appID == "last")
  }

  @Test func `Text that columns cannot hold is kept as it is beside them`() throws {
    let exchange = try parse(#"{"app_id":"a","user_id":"u","query":"a\u0000b","answer":"\ud83d"}"#)
    #expect(exchange.messages[0].content?.string == "a\u{fffd}b")
    #expect(exchange.messages[0].raw?.string == #"{"role":"user","content":"a\u0000b"}"#)
    #expect(exchange.choices[0].raw?.string == #"{"role":"assistant","content":"\ud83d"}"#)
  }

  @Test func `Messages stand in for the query`() throws {
    let exchange = try parse(
      #"""
      {"app_id":"a","user_id":"u","answer":"r","messages":[{"role":"system","content":"s"},{"role":"developer","content":"d"},
       {"role":"user","content":[{"type":"text","text":"t"}]},{"role":"assistant","content":null,"tool_calls":[]},
       {"role":"tool","content":"o","tool_call_id":"i"},{"role":"function","content":"f","name":"n"}]}
      """#)
    #expect(exchange.messages.map(\.role) == ["system", "developer", "user", "assistant", "tool", "function"])
    #expect(exchange.messages[2].contentKind == .parts && exchange.messages[2].content?.string == "t")
    #expect(exchange.messages[4].toolCallID == "i" && exchange.messages[5].name == "n")
  }

  @Test(arguments: [
    ("1", "body must be a JSON object"), ("[]", "body must be a JSON object"), ("{}", "app_id is required"),
    (#"{"app_id":null}"#, "app_id is required"), (#"{"app_id":""}"#, "app_id must not be empty"),
    (#"{"app_id":1}"#, "app_id must be a string"), (#"{"app_id":"a"}"#, "user_id is required"),
    (#"{"app_id":"a\u0000"}"#, "app_id must not hold NUL or lone surrogates"),
    (#"{"app_id":"a","user_id":"\ud800"}"#, "user_id must not hold NUL or lone surrogates"),
    (#"{"app_id":"a","user_id":"u"}"#, "query is required"),
    (#"{"app_id":"a","user_id":"u","messages":[]}"#, "messages must not be empty"),
    (#"{"app_id":"a","user_id":"u","query":""}"#, "query must not be empty"),
    (#"{"app_id":"a","user_id":"u","query":["q"]}"#, "query must be a string"),
    (#"{"app_id":"a","user_id":"u","query":"q"}"#, "answer is required, or else choices or error"),
    (#"{"app_id":"a","user_id":"u","query":"q","answer":""}"#, "answer must not be empty"),
    (#"{"app_id":"a","user_id":"u","query":"q","answer":{"role":"assistant"}}"#, "answer must be a string"),
    (
      #"{"app_id":"a","user_id":"u","query":"q","answer":"r","messages":[{"role":"user"}]}"#,
      "query must not be given together with messages"
    ),
    (#"{"app_id":"a","user_id":"u","messages":{}}"#, "messages must be a JSON array"),
    (#"{"app_id":"a","user_id":"u","messages":["x"]}"#, "messages[0] must be a JSON object"),
    (#"{"app_id":"a","user_id":"u","messages":[{"role":"user"},{}]}"#, "messages[1].role is required"),
    (#"{"app_id":"a","user_id":"u","messages":[{"role":3}]}"#, "messages[0].role must be a string"),
    (
      #"{"app_id":"a","user_id":"u","messages":[{"role":"robot"}]}"#,
      "messages[0].role must be one of assistant, developer, function, system, tool, user"
    ),
  ])
  func `Errors name the field`(body: String, message: String) {
    #expect(failure(of: body)?.description == message)
  }

  @Test(arguments: [
    (#""inputs":[]"#, "inputs must be a JSON object"), (#""metadata":"{}""#, "metadata must be a JSON object"),
    (#""usage":3"#, "usage must be a JSON object"), (#""files":{}"#, "files must be a JSON array"),
    (#""conversation_id":5"#, "conversation_id must be a string"),
    (#""finish_reason":{}"#, "finish_reason must be a string"),
    (#""conversation_id":"\u0000""#, "conversation_id must not hold NUL or lone surrogates"),
    (#""client_message_id":"\udfff""#, "client_message_id must not hold NUL or lone surrogates"),
    (#""created_at":"yesterday""#, "created_at must be an ISO 8601 time, or epoch seconds or milliseconds"),
    (#""created_at":true"#, "created_at must be an ISO 8601 time, or epoch seconds or milliseconds"),
    (#""created_at":"""#, "created_at must be an ISO 8601 time, or epoch seconds or milliseconds"),
    (#""created_at":1e300"#, "created_at must be an ISO 8601 time, or epoch seconds or milliseconds"),
    (#""created_at":0"#, "created_at must lie between 20 years ago and one day ahead"),
    (#""error":{"message":"m"}"#, "answer must not be given together with an error"),
  ])
  func `Errors in optional fields name them`(field: String, message: String) {
    #expect(failure(of: body(with: field))?.description == message)
  }

  @Test func `What is not JSON is malformed`() {
    #expect(failure(of: #"{"app_id":tru}"#) == .malformed(offset: 10, reason: "not a value"))
    #expect(failure(of: "") == .malformed(offset: 0, reason: "no value"))
    #expect(failure(of: "{} {}")?.description == "not JSON at byte 3: bytes after the value")
  }

  @Test(
    arguments: [
      ("1736937000", 1_736_937_000_000), ("1736937000.125", 1_736_937_000_125), ("1736937000123", 1_736_937_000_123),
      (#""1736937000""#, 1_736_937_000_000), (#""1736937000123""#, 1_736_937_000_123),
      ("1.736937e9", 1_736_937_000_000),
      (#""2025-01-15T18:30:00.5+08:00""#, 1_736_937_000_500), (#""2025-01-15""#, 1_736_899_200_000),
    ] as [(String, Int64)])
  func `Moments come in several forms`(json: String, milliseconds: Int64) throws {
    #expect(try parse(with: "\"created_at\":\(json)").createdAt == milliseconds)
  }

  @Test func `Moments are bounded on both sides`() throws {
    let day: Int64 = 86_400_000
    let latest = testNow + day
    let earliest = testNow - 7305 * day
    #expect(try parse(with: "\"created_at\":\(latest)").createdAt == latest)
    #expect(try parse(with: "\"created_at\":\(earliest)").createdAt == earliest)
    for beyond in [latest + 1, earliest - 1, latest * 1000] {
      #expect(failure(of: body(with: "\"created_at\":\(beyond)")) != nil)
    }
  }

  @Test(
    arguments: [
      ("0.5", .milliseconds(500)), (#""1.5""#, .milliseconds(1500)), ("0", .zero), ("-1", nil), (#""fast""#, nil),
      ("1e400", nil), ("null", nil), ("true", nil), ("1e12", nil), (#"" 1""#, nil),
    ] as [(String, Duration?)])
  func `Latency is a number of seconds, or nothing`(json: String, latency: Duration?) throws {
    let exchange = try parse(with: #""metadata":{"latency":\#(json),"a":1}"#)
    #expect(exchange.latency == latency)
    #expect(exchange.metadata?.string == #"{"latency":\#(json),"a":1}"#)
  }

  @Test(
    arguments: [
      (#"{"input_tokens":1,"output_tokens":2}"#, 1, 2, 3), (#"{"prompt_tokens":1,"total_tokens":9}"#, 1, nil, 9),
      (#"{"prompt_tokens":-1,"completion_tokens":"2"}"#, nil, nil, nil), ("{}", nil, nil, nil),
      (#"{"prompt_tokens":9223372036854775807,"completion_tokens":1}"#, nil, 1, nil),
      (#"{"prompt_tokens":1.5,"completion_tokens":2.0}"#, nil, 2, nil),
    ] as [(String, Int64?, Int64?, Int64?)])
  func `Usage is kept and its counts are read`(json: String, prompt: Int64?, completion: Int64?, total: Int64?) throws {
    let exchange = try parse(with: "\"usage\":\(json)")
    #expect(exchange.usage?.string == json)
    #expect(exchange.promptTokens == prompt && exchange.completionTokens == completion && exchange.totalTokens == total)
  }
}
