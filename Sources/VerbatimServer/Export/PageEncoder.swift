import VerbatimModel
import VerbatimStore

/// One JSON object, `{"exchanges": […], "count": 7, "cursor": "42"}`, each exchange as `/api/chat/{id}/messages` gives
/// it, after its `account_id` where they are of several.
struct PageEncoder: ExportEncoder {
  let cursor: String
  let namesAccounts: Bool

  func beginning() -> [UInt8] { Array("{\"exchanges\":[".utf8) }

  func encode(_ exchanges: [ExportedExchange], after count: Int) -> [UInt8] {
    var json = Self.writer(for: exchanges)
    // The writer puts commas between values; the one before a page's first is its own.
    for exported in exchanges {
      json.exchange(exported.exchange, account: namesAccounts ? exported.account : nil)
    }
    return count > 0 && !exchanges.isEmpty ? [UInt8(ascii: ",")] + json.bytes : json.bytes
  }

  func end(after count: Int) -> [UInt8] {
    var json = JSONWriter()
    json.string(cursor)
    return Array("],\"count\":\(count),\"cursor\":".utf8) + json.bytes + Array("}\n".utf8)
  }
}
