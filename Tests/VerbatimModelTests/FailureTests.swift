import Testing

@testable import VerbatimModel

@Suite struct FailureTests {
  private func failed(_ fields: String, kind: ExchangeBody.Kind) throws(InvalidExchange) -> NewExchange {
    try parse(#"{"app_id":"a","user_id":"u","query":"q",\#(fields)}"#, kind: kind)
  }

  private func refusal(_ fields: String, kind: ExchangeBody.Kind) -> String? {
    failure(of: #"{"app_id":"a","user_id":"u","query":"q",\#(fields)}"#, kind: kind)?.description
  }

  @Test(arguments: [
    (#""error_code":429,"error_message":"slow down""#, "429", "slow down", #"{"error_code":429}"#),
    (#""error_code":"timeout","error_message":"","answer":null"#, "timeout", "", nil),
    (#""error_code":5e2,"error_message":"m","answer":"""#, "500", "m", #"{"error_code":5e2}"#),
    (
      #""error_code":18446744073709551616,"error_message":"m""#, "18446744073709551616", "m",
      #"{"error_code":18446744073709551616}"#
    ),
  ])
  func `A failed exchange has a code and a message`(
    fields: String, code: String, message: String, kept: String?
  ) throws {
    let exchange = try failed(fields, kind: .error)
    #expect(exchange.failure == NewExchange.Failure(code: code, message: message))
    #expect(exchange.choices.isEmpty)
    #expect(exchange.request?.string == kept)
    #expect(exchange.messages[0].content?.string == "q")
  }

  @Test func `An empty code counts as absent in an error object`() throws {
    let typed = try failed(#""error":{"code":"","type":"overloaded","message":"m"}"#, kind: .insert)
    #expect(typed.failure == NewExchange.Failure(code: "overloaded", message: "m"))
    #expect(typed.request?.string == #"{"error":{"code":"","type":"overloaded","message":"m"}}"#)
    let bare = try failed(#""error":{"code":"","message":"m"}"#, kind: .insert)
    #expect(bare.failure == NewExchange.Failure(code: "", message: "m"))
  }

  @Test(arguments: [ExchangeBody.Kind.insert, .error])
  func `An error object says the same`(kind: ExchangeBody.Kind) throws {
    let exchange = try failed(#""error":{"code":400,"message":"bad"}"#, kind: kind)
    #expect(exchange.failure == NewExchange.Failure(code: "400", message: "bad"))
    #expect(exchange.request?.string == #"{"error":{"code":400,"message":"bad"}}"#)
    let text = try failed(#""error":{"code":"400","message":"bad"}"#, kind: kind)
    #expect(text.failure == exchange.failure)
    #expect(text.request == nil)
  }

  @Test func `What code and message do not hold is kept as it came too`() throws {
    let object = #"{"message":"m","type":"server_error","param":null,"code":null}"#
    let typed = try failed(#""error":\#(object)"#, kind: .insert)
    #expect(typed.failure == NewExchange.Failure(code: "server_error", message: "m"))
    #expect(typed.request?.string == #"{"error":\#(object)}"#)
    let inexact = try failed(#""error_code":"c","error_message":"\u0000""#, kind: .error)
    #expect(inexact.failure == NewExchange.Failure(code: "c", message: "\u{fffd}"))
    #expect(inexact.request?.string == #"{"error_message":"\u0000"}"#)
  }

  @Test(arguments: [
    (#""error_message":"m""#, "error_code is required"), (#""error_code":1"#, "error_message is required"),
    (#""error_code":1.5,"error_message":"m""#, "error_code must be an integer or a string"),
    (#""error_code":[],"error_message":"m""#, "error_code must be an integer or a string"),
    (#""error_code":"","error_message":"m""#, "error_code must not be empty"),
    (#""error_code":1,"error_message":{}"#, "error_message must be a string"),
    (#""error_code":1,"error_message":"m","answer":"r""#, "answer must not be given together with an error"),
    (#""error":{"code":1}"#, "error.message is required"), (#""error":"timeout""#, "error must be a JSON object"),
    (#""error":{"code":true,"message":"m"}"#, "error.code must be an integer or a string"),
  ])
  func `Errors name the field`(fields: String, message: String) {
    #expect(refusal(fields, kind: .error) == message)
  }

  @Test func `An error code is bounded`() {
    func fields(_ length: Int) -> String {
      #""error_message":"m","error_code":"\#(String(repeating: "c", count: length))""#
    }
    #expect(refusal(fields(255), kind: .error) == nil)
    #expect(refusal(fields(256), kind: .error) == "error_code is longer than 255 characters")
    func number(_ length: Int) -> String {
      #""error_message":"m","error_code":\#(String(repeating: "1", count: length))"#
    }
    #expect(refusal(number(255), kind: .error) == nil)
    #expect(refusal(number(256), kind: .error) == "error_code is longer than 255 characters")
  }
}
