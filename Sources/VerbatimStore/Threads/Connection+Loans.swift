import Databases
import VerbatimModel

/// Requests that others borrow from, each looked up once.
struct Lenders {
  fileprivate struct Place: Hashable {
    let exchange: UUIDv7
    let conversation: ExactText
    let account: ExactText
  }

  fileprivate let calendar: PartitionCalendar
  fileprivate let keys: ContentKeys
  fileprivate let absentTables: Set<String>
  /// nil for one that is gone.
  fileprivate var requests: [Place: KeptRequest?] = [:]

  init(_ calendar: PartitionCalendar, _ keys: ContentKeys, absent: Set<String>) {
    self.calendar = calendar
    self.keys = keys
    absentTables = absent
  }
}

extension Connection {
  /// Adds what an exchange's request borrows of others in its conversation, as far as those are there.
  func addLoans(to exchange: inout StoredExchange, account: String, _ lenders: inout Lenders) throws {
    guard let borrowed = KeptRequest(stored: exchange.request)?.borrowed, !borrowed.isEmpty else { return }
    for (field, lender) in borrowed {
      let place = Lenders.Place(
        exchange: lender, conversation: ExactText(exchange.conversationID), account: ExactText(account))
      if lenders.requests[place] == nil {
        lenders.requests[place] = .some(try request(at: place, lenders))
      }
      exchange.lent[field] = (lenders.requests[place] ?? nil)?.value(of: field)
    }
  }

  private func request(at place: Lenders.Place, _ lenders: Lenders) throws -> KeptRequest? {
    let day: Day = lenders.calendar.day(of: place.exchange.milliseconds)
    let tables: [String] = (try dayPlace(of: day) ?? .unentered(day)).messageTables
    for table in tables where !lenders.absentTables.contains(table) {
      let stored: Bytes?? = try first(
        """
        SELECT request
        FROM \(identifier: table)
        WHERE id = \(place.exchange) AND exchange_id = id AND account_id = \(place.account.text)
          AND conversation_id = \(place.conversation.text)
        """
      ) { row in row.bytes(0).map { Array($0)[...] } }
      guard let request = stored ?? nil else { continue }
      return KeptRequest(stored: try lenders.keys.opened(request, of: place.exchange, .request))
    }
    return nil
  }
}
