import Foundation
import VerbatimTesting

/// One client: sends single exchanges, batches and repeats over one connection and enters each answer in the ledger.
struct LoadClient {
  let port: Int
  let ledger: Ledger
  /// Makes the texts of this client its own.
  let name: String
  var random: SeededGenerator
  /// Exchanges that every client sends, so that repeats of one key meet.
  let shared: [Ledger.Exchange]
  /// Called when a request has left and its answer was not read yet.
  let onSent: @Sendable () -> Void
  /// What a 503 means for this client: go on, or end.
  let onRefusal: @Sendable (LoadConnection.Answer) -> Void
  let isEnough: @Sendable () -> Bool
  private var count = 0

  init(
    port: Int, ledger: Ledger, name: String, seed: UInt64, shared: [Ledger.Exchange] = [],
    onSent: @escaping @Sendable () -> Void = {},
    onRefusal: (@Sendable (LoadConnection.Answer) -> Void)? = nil,
    isEnough: @escaping @Sendable () -> Bool
  ) {
    self.port = port
    self.ledger = ledger
    self.name = name
    self.shared = shared
    self.onSent = onSent
    self.onRefusal = onRefusal ?? { ledger.contradict("refused: \($0)") }
    self.isEnough = isEnough
    random = SeededGenerator(seed: seed)
  }

  /// Until it is enough or the connection is lost.
  mutating func run() {
    do {
      let connection = try LoadConnection(port: port)
      while !isEnough() {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3: try insertBatch(over: connection)
        case 3..<6: try insert(ledger.randomRepeatable(&random) ?? newExchange(), over: connection)
        case 6..<8: try insert(shared.randomElement(using: &random) ?? newExchange(), over: connection)
        default: try insert(newExchange(), over: connection)
        }
      }
    } catch is LoadConnection.Lost {
      return
    } catch {
      ledger.contradict("\(name): \(error)")
    }
  }

  private mutating func newExchange() -> Ledger.Exchange {
    count += 1
    let text = "\(name)-\(count)"
    let conversation: String? =
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<2: nil
      case 2..<6: ledger.randomConversation(&random) ?? "conversation-\(text)"
      default: "conversation-\(text)"
      }
    let answer = String(repeating: "答え \(text) 🙂 \u{0} ", count: Int.random(in: 1...40, using: &random))
    return Ledger.Exchange(
      query: "问题 \(text)", answer: answer, conversation: conversation,
      clientMessageID: Int.random(in: 0..<10, using: &random) < 7 ? "key-\(text)" : nil)
  }

  private func insert(_ exchange: Ledger.Exchange, over connection: LoadConnection) throws {
    ledger.send(exchange)
    let answer = try connection.post("/api/chat/insert", try exchange.json(), onSent: onSent)
    switch answer.status {
    case 200: try acknowledge(exchange, answer.json())
    case 503: onRefusal(answer)
    default: ledger.contradict("\(name): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
    }
  }

  private mutating func insertBatch(over connection: LoadConnection) throws {
    var exchanges: [Ledger.Exchange] = []
    for _ in 0..<Int.random(in: 1...40, using: &random) { exchanges.append(newExchange()) }
    for exchange in exchanges { ledger.send(exchange) }
    let body = Data(try exchanges.map { try $0.json() }.joined(separator: Data("\n".utf8)))
    let answer = try connection.post("/api/chat/insert/batch", body, type: "application/x-ndjson", onSent: onSent)
    if answer.status == 503 { return onRefusal(answer) }
    let results = try answer.json()["results"] as? [[String: Any]] ?? []
    guard answer.status == 200, results.count == exchanges.count else {
      return ledger.contradict("\(name): \(answer.status) with \(results.count) results for \(exchanges.count)")
    }
    for (exchange, result) in zip(exchanges, results) where result["success"] as? Bool == true {
      try acknowledge(exchange, result)
    }
    if results.contains(where: { $0["success"] as? Bool != true }) { onRefusal(answer) }
  }

  private func acknowledge(_ exchange: Ledger.Exchange, _ result: [String: Any]) throws {
    guard let message = result["message_id"] as? String, let conversation = result["conversation_id"] as? String else {
      throw SpawnError("an acknowledgement without ids: \(result)")
    }
    ledger.acknowledge(exchange, messageID: message, conversation: conversation)
  }
}

extension Ledger.Exchange {
  func json() throws -> Data {
    var body = ["app_id": "crash", "user_id": "user", "query": query, "answer": answer]
    body["conversation_id"] = conversation
    body["client_message_id"] = clientMessageID
    return try JSONSerialization.data(withJSONObject: body)
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed sends the same load, though not in the same order.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

/// Runs blocking work on threads of its own, never on the pool that other tests need; returns when all have ended.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
  await withTaskGroup(of: Void.self) { group in
    for number in 0..<count {
      group.addTask {
        await withCheckedContinuation { continuation in
          Thread.detachNewThread {
            body(number)
            continuation.resume()
          }
        }
      }
    }
  }
}
