import Databases
import Foundation
import Synchronization
import VerbatimModel
import VerbatimStore

/// Appends exchanges to a store through its library from many callers at once, each waiting for its receipt; prints how
/// many a second became durable.
///
///     append-load DSN CALLERS EXCHANGES
@main struct AppendLoad {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let callers = Int(arguments[2]), let count = Int(arguments[3]) else {
      FileHandle.standardError.write(Data("usage: append-load DSN CALLERS EXCHANGES\n".utf8))
      exit(2)
    }
    let store = try await Store.open(Store.Configuration(try Engine(dsn: arguments[1])))
    let start = ContinuousClock.now
    try await append(count, by: callers, to: store)
    let seconds: Double = start.duration(to: .now) / .seconds(1)
    await store.close()
    print(Double(count) / seconds)
  }

  private static func append(_ count: Int, by callers: Int, to store: Store) async throws {
    let numbers = Numbers()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<callers {
        group.addTask {
          while true {
            let number: Int = numbers.next()
            guard number < count else { return }
            _ = try await store.append(exchange(number), account: "default")
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private final class Numbers: Sendable {
    private let taken = Atomic<Int>(0)

    func next() -> Int { taken.wrappingAdd(1, ordering: .relaxed).oldValue }
  }

  /// About 1 KB, in Chinese and English; one in five goes on with an older conversation, one in ten has a file.
  private static func exchange(_ number: Int) -> NewExchange {
    let conversation: Int = number % 5 == 4 ? number * 7919 % number : number
    let question: String = "请比较行式存储与列式存储在写入、查询和压缩方面的差别，并说明各自适合的业务场景。(\(number)) " + english
    let answer: String = english + "\n\n请解释一下什么是过拟合，并说明在训练小数据集时可以采取哪些办法来缓解，最好给出具体的例子。"
    var exchange = NewExchange(
      appID: "app-\(number % 7)", userID: "user-\(number % 997)",
      conversationID: "conversation-00000000-0000-\(conversation)", clientMessageID: "message-\(number)",
      modelProvider: "openai", modelName: "gpt-4o-mini",
      messages: [Message(role: "user", content: Bytes(utf8: question), contentKind: .text)],
      choices: [Message(role: "assistant", content: Bytes(utf8: answer), contentKind: .text)])
    exchange.latency = .milliseconds(1200)
    exchange.inputs = Bytes(utf8: #"{"lang":"zh","turn":3}"#)
    exchange.metadata = Bytes(utf8: #"{"temperature":0.7,"trace":"t-1"}"#)
    guard number % 10 == 0 else { return exchange }
    exchange.attachments = [
      Attachment(
        kind: .document, transferMethod: .remoteURL, url: "https://example.com/f/\(number).pdf", belongsTo: .user)
    ]
    return exchange
  }

  private static let english = """
    A short plan works best: collect a baseline, change one thing at a time, and write down what you expected before \
    you look at the outcome. Most surprises come from data nobody had looked at.
    """
}
