import Testing
import VerbatimModel

@testable import VerbatimStore

@Suite struct JournalEntryTests {
  private let calendar: PartitionCalendar

  init() throws { calendar = try #require(PartitionCalendar(timeZoneName: "Asia/Shanghai")) }

  private func pending(_ exchange: NewExchange) -> PendingExchange {
    PendingExchange(
      exchange, accountID: "account", ids: UUIDv7.Generator(), calendar: calendar, currency: "CNY",
      now: 1_700_000_000_123)
  }

  private static var full: NewExchange {
    var message = Message.text("user", "é 今天 \u{1F600}")
    message.raw = Bytes(utf8: #"{"role":"user","content":"\ud800","n":1e999}"#)
    message.name = ""
    let tools = Message(
      role: "assistant", content: nil, contentKind: .none, toolCalls: Bytes(utf8: "[]"), toolCallID: "call-1")
    var exchange = NewExchange(
      appID: "app", userID: "", conversationID: "c", clientMessageID: "key", modelProvider: "p", modelName: "m",
      messages: [message, tools], choices: [.text("assistant", ""), .text("assistant", "b")])
    exchange.idempotencyKey = "line-1"
    exchange.attachments = [
      Attachment(
        kind: .image, transferMethod: .remoteURL, url: "https://a.example/b", belongsTo: .assistant,
        uploadFileID: "u", fileName: "f", fileSize: .max, mimeType: "image/png", metadata: Bytes(utf8: "{}"))
    ]
    exchange.request = Bytes(utf8: #"{"x":123456789012345678901234567890}"#)
    exchange.inputs = Bytes(utf8: "{}")
    exchange.metadata = Bytes(utf8: #"{"latency":1}"#)
    exchange.usage = Bytes(utf8: #"{"total_tokens":3}"#)
    exchange.promptTokens = 0
    exchange.completionTokens = -1
    exchange.totalTokens = .min
    exchange.totalPrice = 1_500
    exchange.finishReason = "stop"
    exchange.systemFingerprint = "fp"
    exchange.responseID = "chatcmpl-1"
    exchange.isStream = true
    exchange.latency = .milliseconds(1234)
    exchange.firstTokenLatency = .milliseconds(12)
    exchange.createdAt = 1_600_000_000_000
    exchange.tokenID = 7
    exchange.tokenName = "key"
    exchange.channelID = 3
    exchange.tokenName = "checkout"
    exchange.ip = "::1"
    exchange.source = "import"
    exchange.thread = ThreadPlace(
      parentID: UUIDv7.Generator().next(), heads: [ThreadPlace.Head(hash: Array(0..<16), row: 1)])
    return exchange
  }

  private static var failure: NewExchange {
    var exchange: NewExchange = .failure(conversation: nil, key: "k")
    exchange.currency = "EUR"
    return exchange
  }

  @Test(arguments: [full, failure, .sample()])
  func `an entry gives back everything that was given`(_ exchange: NewExchange) throws {
    let before: PendingExchange = pending(exchange)
    let after = try PendingExchange(journalEntry: before.journalEntry()[...], calendar: calendar)
    #expect(after.journalEntry() == before.journalEntry())
    #expect(after.id == before.id)
    #expect(after.firstID == before.firstID)
    #expect(after.accountID == "account")
    #expect(after.conversationID == before.conversationID)
    #expect(after.currency == before.currency)
    #expect(after.recordedAt == 1_700_000_000_123)
    #expect(after.createdAt == before.createdAt)
    #expect(after.day == before.day)
    #expect(after.claims.map(\.scope) == before.claims.map(\.scope))
    #expect(after.conversationName == before.conversationName)
    #expect(after.failedRequest == before.failedRequest)
    #expect(after.latency == before.latency)
    var given: NewExchange = after.exchange
    given.currency = exchange.currency
    given.createdAt = exchange.createdAt
    #expect("\(given)" == "\(exchange)")
  }

  @Test func `an entry that breaks off anywhere is told, never guessed`() {
    let entry: [UInt8] = pending(Self.full).journalEntry()
    for length in 0..<entry.count {
      #expect(throws: DamagedEntry.self) { try PendingExchange(journalEntry: entry[..<length], calendar: calendar) }
    }
  }

  @Test(
    arguments: [
      [], [2], [1], [1, 200, 1, 0], [1, 1, 0x80], [1, 1, 5, 65], [1, 3, 1, 0],
      [1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
    ] as [[UInt8]])
  func `what is no entry is refused`(_ bytes: [UInt8]) {
    #expect(throws: DamagedEntry.self) { try PendingExchange(journalEntry: bytes[...], calendar: calendar) }
  }
}
