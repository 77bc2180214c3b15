import Testing

@testable import VerbatimModel

@Suite struct ExchangeRedactionTests {
  @Test func `content and raw say the same, also of parts`() throws {
    let exchange = try parse(
      #"{"app_id":"a","user_id":"u","answer":"ok","messages":[{"role":"user","content":[{"type":"text","text":"mail a\u0040b.cn"},{"type":"text","text":"call 13800138000"},{"type":"image_url","image_url":{"url":"https://x.cn/?mail=c@d.cn"}}]}]}"#
    )
    let message = try #require(Redactor().redacted(exchange).messages.first)
    #expect(message.content?.string == "mail [email]\ncall [phone]")
    #expect(
      message.raw?.string
        == #"{"role":"user","content":[{"type":"text","text":"mail [email]"},{"type":"text","text":"call [phone]"},{"type":"image_url","image_url":{"url":"https://x.cn/?mail=[email]"}}]}"#
    )
  }

  @Test func `a value that parts split is no value in any of them`() throws {
    let exchange = try parse(
      #"{"app_id":"a","user_id":"u","answer":"ok","messages":[{"role":"user","content":[{"type":"text","text":"1380013"},{"type":"text","text":"8000"}]}]}"#
    )
    #expect(Redactor().redacted(exchange).messages == exchange.messages)
  }

  @Test func `everything that was said or attached is redacted, and what names things stays`() throws {
    let exchange = try parse(
      #"{"app_id":"a@b.cn","user_id":"13800138000","query":"a@b.cn","answer":"13800138000","conversation_id":"c@d.cn","client_message_id":"e@f.cn","inputs":{"n":13800138000},"metadata":{"m":"a@b.cn"},"other":"a@b.cn","usage":{"total_tokens":13800138000},"files":[{"type":"image","transfer_method":"remote_url","url":"https://x.cn/a@b.cn","upload_file_id":"a@b.cn","file_name":"13800138000.png","metadata":{"by":"a@b.cn"}}]}"#
    )
    let redacted = Redactor().redacted(exchange)
    #expect(redacted.messages.first?.content?.string == "[email]")
    #expect(redacted.choices.first?.content?.string == "[phone]")
    #expect(redacted.inputs?.string == #"{"n":"[phone]"}"#)
    #expect(redacted.metadata?.string == #"{"m":"[email]"}"#)
    #expect(redacted.request?.string == #"{"other":"[email]"}"#)
    #expect(redacted.attachments.first?.url == "https://x.cn/[email]")
    #expect(redacted.attachments.first?.uploadFileID == "[email]")
    #expect(redacted.attachments.first?.fileName == "[phone].png")
    #expect(redacted.attachments.first?.metadata?.string == #"{"by":"[email]"}"#)
    #expect(redacted.appID == exchange.appID)
    #expect(redacted.userID == exchange.userID)
    #expect(redacted.conversationID == exchange.conversationID)
    #expect(redacted.clientMessageID == exchange.clientMessageID)
    #expect(redacted.usage == exchange.usage)
  }

  @Test func `messages of errors, names and addresses are redacted`() {
    var exchange = NewExchange(
      appID: "a", userID: "u", modelProvider: "p", modelName: "m",
      messages: [Message(role: "user", name: "a@b.cn", content: nil, contentKind: .none)], choices: [],
      failure: NewExchange.Failure(code: "401", message: "bad key sk-0123456789abcdefgh"))
    exchange.ip = "192.0.2.7"
    let redacted = Redactor().redacted(exchange)
    #expect(redacted.failure == NewExchange.Failure(code: "401", message: "bad key [api_key]"))
    #expect(redacted.messages.first?.name == "[email]")
    #expect(redacted.ip == "[ip]")
  }
}
