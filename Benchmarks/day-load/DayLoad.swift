import Databases
import Foundation
import Synchronization
import VerbatimModel
import VerbatimStore

/// Fills a history whose conversations are active on three days each, and measures what tables of days cost; prints
/// one line of JSON.
///
///     day-load DSN MESSAGES DAYS daily|single ROUNDS
@main struct DayLoad {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard
      arguments.count == 6, let messages = Int(arguments[2]), let days = Int(arguments[3]),
      let rounds = Int(arguments[5])
    else {
      FileHandle.standardError.write(Data("usage: day-load DSN MESSAGES DAYS daily|single ROUNDS\n".utf8))
      exit(2)
    }
    var configuration = Store.Configuration(try Engine(dsn: arguments[1]))
    configuration.isDaily = arguments[4] == "daily"
    let history = History(messages: messages, days: days)
    let filling = try await Store.open(configuration)
    try await history.fill(filling)
    await filling.close()

    let opening = ContinuousClock.now
    let store = try await Store.open(configuration)
    let opened = milliseconds(since: opening)
    let memory = residentMemory()
    let reads = try await history.read(store, count: 4_000, rounds: rounds)
    let readMemory = residentMemory()
    let stall = try await history.makeDay(store, isDaily: configuration.isDaily)
    await store.close()
    print(
      """
      {"open_ms": \(opened), "open_mb": \(memory), "read_mb": \(readMemory), "read_p50_ms": \(reads.p50), \
      "read_p99_ms": \(reads.p99), "make_ms": \(stall.making), "append_max_ms": \(stall.during), \
      "append_max_before_ms": \(stall.before)}
      """)
  }

  /// Megabytes.
  private static func residentMemory() -> Double {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    return (pages?.dropFirst().first.flatMap { Double($0) } ?? 0) * 4096 / 1_000_000
  }
}

func milliseconds(since start: ContinuousClock.Instant) -> Double { start.duration(to: .now) / .milliseconds(1) }

/// Conversations of sixty messages, twenty on each of three days that follow each other.
struct History: Sendable {
  /// 2020-01-01.
  private static let start: Int64 = 1_577_836_800_000
  private static let day: Int64 = 86_400_000

  let conversations: Int
  let days: Int

  init(messages: Int, days: Int) {
    conversations = max(1, messages / 60)
    self.days = days
  }

  /// Day after day, as a history grows.
  func fill(_ store: Store) async throws {
    for day in 0..<days {
      var batch: [NewExchange] = []
      for active in 0..<3 {
        let first = (day - active + days) % days
        for conversation in stride(from: first, to: conversations, by: days) {
          for turn in 0..<10 {
            batch.append(exchange(conversation, at: Self.start + Int64(day) * Self.day + Int64(turn)))
          }
        }
      }
      for start in stride(from: 0, to: batch.count, by: 4_096) {
        let part = Array(batch[start..<min(start + 4_096, batch.count)])
        for result in await store.append(part, account: "default") { _ = try result.get() }
      }
    }
  }

  /// The last 50 messages of conversations in no order, after a tenth as many that warm the caches; the medians of the
  /// rounds.
  func read(_ store: Store, count: Int, rounds: Int) async throws -> (p50: Double, p99: Double) {
    var random: UInt64 = 1
    _ = try await read(store, count: count / 10, &random)
    var (middles, ends): ([Double], [Double]) = ([], [])
    for _ in 0..<rounds {
      let times = try await read(store, count: count, &random)
      middles.append(times[times.count / 2])
      ends.append(times[times.count * 99 / 100])
    }
    return (middles.sorted()[rounds / 2], ends.sorted()[rounds / 2])
  }

  /// What each took, in milliseconds, the shortest first.
  private func read(_ store: Store, count: Int, _ random: inout UInt64) async throws -> [Double] {
    var times: [Double] = []
    for _ in 0..<count {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let conversation = "conversation-\(Int(random >> 33) % conversations)"
      let start = ContinuousClock.now
      let answer = try await store.exchanges(of: conversation, within: .account("default"), limit: 25)
      times.append(milliseconds(since: start))
      guard case .page(let page) = answer, page.exchanges.count == 25 else {
        fatalError("\(conversation) is not whole")
      }
    }
    return times.sorted()
  }

  /// How long new tables take, and the longest append meanwhile and before; milliseconds.
  func makeDay(_ store: Store, isDaily: Bool) async throws -> (making: Double, during: Double, before: Double) {
    let phase = Phase()
    let longest = [Longest(), Longest()]
    var making = 0.0
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<16 {
        group.addTask {
          while phase.now < 2 {
            let now = phase.now
            let start = ContinuousClock.now
            _ = try await store.append(exchange(writer, at: nil), account: "default")
            longest[min(now, 1)].raise(to: Int(milliseconds(since: start) * 1000))
          }
        }
      }
      try await Task.sleep(for: .seconds(2))
      phase.set(1)
      for ahead in 0..<20 where isDaily {
        let start = ContinuousClock.now
        try await store.makePartitions([store.today.adding(Int64(10 + ahead))])
        making = max(making, milliseconds(since: start))
        try await Task.sleep(for: .milliseconds(50))
      }
      phase.set(2)
      try await group.waitForAll()
    }
    return (making, longest[1].value / 1000, longest[0].value / 1000)
  }

  private func exchange(_ conversation: Int, at time: Int64?) -> NewExchange {
    var exchange = NewExchange(
      appID: "app-\(conversation % 7)", userID: "user-\(conversation % 997)",
      conversationID: "conversation-\(conversation)", modelProvider: "openai", modelName: "gpt-4o-mini",
      messages: [Message(role: "user", content: Bytes(utf8: Self.text), contentKind: .text)],
      choices: [Message(role: "assistant", content: Bytes(utf8: Self.text + Self.text), contentKind: .text)])
    exchange.createdAt = time
    return exchange
  }

  private static let text = """
    请比较行式存储与列式存储在写入、查询和压缩方面的差别，并说明各自适合的业务场景。 A short plan works best: collect a baseline, \
    change one thing at a time, and write down what you expected before you look at the outcome.
    """
}

/// The largest of many values, in millionths of a second.
final class Longest: Sendable {
  private let largest: Atomic<Int>

  init() { largest = Atomic(0) }

  var value: Double { Double(largest.load(ordering: .relaxed)) }

  func raise(to value: Int) { largest.max(value, ordering: .relaxed) }
}

/// What goes on: appends alone, appends while tables are made, the end.
final class Phase: Sendable {
  private let phase = Atomic<Int>(0)

  var now: Int { phase.load(ordering: .relaxed) }

  func set(_ phase: Int) { self.phase.store(phase, ordering: .relaxed) }
}
