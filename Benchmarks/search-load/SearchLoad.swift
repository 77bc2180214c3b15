import Databases
import Foundation
import VerbatimModel
import VerbatimStore

/// Fills a history with messages, half of them Chinese, has it indexed, and measures searches beside LIKE, the size of
/// the index, and inserts with and without indexing; prints one line of JSON.
///
///     search-load DSN MESSAGES CORPUS ROUNDS
///
/// CORPUS: exchanges as NDJSON, of whose sentences the messages are made.
@main struct SearchLoad {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let messages = Int(arguments[2]), let rounds = Int(arguments[4]) else {
      FileHandle.standardError.write(Data("usage: search-load DSN MESSAGES CORPUS ROUNDS\n".utf8))
      exit(2)
    }
    let engine = try Engine(dsn: arguments[1])
    let corpus = try Corpus(path: arguments[3])
    var figures = Figures()
    let store = try await Store.open(Store.Configuration(engine))
    figures["text_mb"] = try await Filling(messages: messages, corpus: corpus).fill(store)
    let sizes = try await IndexSize(engine)
    try await Indexing.build(store, &figures)
    figures["index_mb"] = try await sizes.megabytes()
    let searches = Searches(store: store, engine: engine, queries: corpus.queries(count: 200))
    try await searches.measure(rounds: rounds, &figures)
    try await Indexing.compareInserts(store, corpus, rounds: rounds, &figures)
    await store.close()
    print(figures.json)
  }
}

/// What was measured, by name.
struct Figures {
  private var values: [(String, Double)] = []

  subscript(_ name: String) -> Double {
    get { values.last { $0.0 == name }?.1 ?? 0 }
    set { values.append((name, newValue)) }
  }

  var json: String { "{" + values.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}" }
}

func seconds(since start: ContinuousClock.Instant) -> Double { start.duration(to: .now) / .seconds(1) }

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
