import Foundation
import Testing

@testable import VerbatimModel

/// Real exchanges, read beside Foundation's own decoder.
@Suite struct CorpusTests {
  private struct Body: Decodable {
    var app_id, user_id, query, answer, model_provider, model_id, client_message_id: String
    var conversation_id: String?
    var metadata: Metadata

    struct Metadata: Decodable { var latency: Double? }
  }

  private func file() throws -> Bytes {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return [UInt8](try Data(contentsOf: tests.appending(path: "Fixtures/exchanges.ndjson")))[...]
  }

  @Test(arguments: [Int.max, 4096, 77])
  func `Every exchange is split and parsed as it was written`(chunkSize: Int) throws {
    var rest = try file()
    var splitter = JSONStreamSplitter(.lines)
    var count = 0
    while !rest.isEmpty {
      splitter.push(Array(rest.prefix(chunkSize)))
      rest = rest.dropFirst(chunkSize)
      if rest.isEmpty { splitter.finish() }
      while let event = splitter.next() {
        guard case .element(let line, index: count, line: count + 1) = event else {
          Issue.record("unexpected \(event)")
          return
        }
        try compare(ExchangeBody.parse(line, kind: .insert, defaults: testDefaults()), with: line)
        count += 1
      }
    }
    #expect(count == 460)
  }

  private func compare(_ exchange: NewExchange, with line: Bytes) throws {
    let body = try JSONDecoder().decode(Body.self, from: Data(line))
    #expect(exchange.appID == body.app_id && exchange.userID == body.user_id)
    #expect(exchange.modelProvider == body.model_provider && exchange.modelName == body.model_id)
    #expect(exchange.conversationID == body.conversation_id && exchange.clientMessageID == body.client_message_id)
    #expect(exchange.messages.map { $0.content?.string } == [body.query])
    #expect(exchange.choices.map { $0.content?.string } == [body.answer])
    #expect(exchange.latency == body.metadata.latency.map { .seconds($0) })
    #expect(exchange.request == nil)
    let object = try JSONSlice(checking: line)
    #expect(exchange.inputs == object["inputs"]?.bytes && exchange.metadata == object["metadata"]?.bytes)
    for (message, key) in [(exchange.messages[0], "query"), (exchange.choices[0], "answer")] {
      #expect(message.raw == nil)
      var writer = JSONWriter()
      writer.message(message)
      let written = JSONValue(try JSONSlice(checking: writer.bytes[...]))
      let content = try #require(object[key])
      #expect(
        written
          == .object([
            Array("role".utf16): .string(Array(message.role.utf16)), Array("content".utf16): JSONValue(content),
          ]))
    }
  }
}
