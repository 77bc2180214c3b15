import Databases
import Foundation
import Testing
import VerbatimTesting

/// Compares what a server holds with what the ledger says, over HTTP and in the database itself.
struct Audit {
  let ledger: Ledger
  let folder: TemporaryFolder
  let database: String

  init(_ ledger: Ledger, in folder: TemporaryFolder, database: String? = nil) {
    self.ledger = ledger
    self.folder = folder
    self.database = database ?? SpawnedServer.database(in: folder)
  }

  /// A server on the audited database.
  func startServer() async throws -> SpawnedServer {
    try await SpawnedServer.start(in: folder, database: database, arguments: ["--log-level", "warning"])
  }

  /// Everything that was acknowledged is there once, with its content, and the counters agree.
  func check(_ server: SpawnedServer, conversations: Set<String>) throws {
    #expect(ledger.contradictions == [])
    let entries = ledger.entries
    var expected: [String: [Ledger.Entry]] = [:]
    for entry in entries.values where entry.messageID != nil {
      expected[entry.conversation ?? "", default: []].append(entry)
    }
    let connection = try LoadConnection(port: server.port)
    for conversation in conversations {
      let stored = try exchanges(of: conversation, over: connection)
      var identifiers: [String: String] = [:]
      for exchange in stored {
        let entry = entries[exchange.query]
        #expect(entry?.exchange.answer == exchange.answer, "\(exchange.query) was changed or never sent")
        #expect(identifiers.updateValue(exchange.id, forKey: exchange.query) == nil, "\(exchange.query) is there twice")
      }
      for entry in expected[conversation] ?? [] where identifiers[entry.exchange.query] != entry.messageID {
        Issue.record("\(entry.exchange.query), acknowledged as \(entry.messageID ?? ""), is missing")
      }
      let answer = try connection.get("/api/chat/\(conversation)")
      if answer.status == 200 {
        #expect(try answer.json()["dialogue_count"] as? Int == stored.count, "dialogue_count of \(conversation)")
      } else {
        #expect(answer.status == 404 && stored.isEmpty && expected[conversation] == nil)
      }
    }
  }

  /// `verbatim verify` finds nothing, and as many exchanges are stored as were acknowledged, plus at most those whose
  /// answer was lost.
  func checkTotals() async throws {
    let verification = try await SpawnedCommand.run(["verify", "--database", database], in: folder)
    #expect(verification.code == 0, "\(verification.output)\(verification.errors)")

    var configuration = Database.Configuration(path: database)
    configuration.isWritable = false
    let reader = try await Database.open(configuration)
    let (rows, counted) = try await reader.read { connection in
      let rows = try connection.first("SELECT COUNT(*) FROM conversation_histories WHERE id = exchange_id") {
        $0.integer(0)
      }
      let counted = try connection.first("SELECT COALESCE(SUM(dialogue_count), 0) FROM conversations") { $0.integer(0) }
      return (rows ?? -1, counted ?? -2)
    }
    await reader.close()
    #expect(rows == counted)
    #expect((ledger.acknowledgedCount...ledger.attemptedCount).contains(Int(rows)))
  }

  private func exchanges(
    of conversation: String, over connection: LoadConnection
  ) throws -> [(id: String, query: String, answer: String)] {
    var found: [(id: String, query: String, answer: String)] = []
    var first = ""
    while true {
      let page = try connection.get("/api/chat/\(conversation)/messages?limit=100\(first)")
      guard page.status == 200 else { return found }
      let content = try page.json()
      let items = content["data"] as? [[String: Any]] ?? []
      for item in items {
        found.append((item["id"] as? String ?? "", item["query"] as? String ?? "", item["answer"] as? String ?? ""))
      }
      guard content["has_more"] as? Bool == true, let id = items.first?["id"] as? String else { return found }
      first = "&first_id=\(id)"
    }
  }
}
