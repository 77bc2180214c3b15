import Testing
import VerbatimModel

@testable import VerbatimStore

@Suite struct BatchClaimsTests {
  private func batch(_ exchanges: [NewExchange]) throws -> [PendingExchange] {
    let calendar = try #require(PartitionCalendar(timeZoneName: "UTC"))
    let ids = UUIDv7.Generator(clock: { 1_736_900_000_000 })
    return exchanges.map {
      PendingExchange($0, accountID: "a", ids: ids, calendar: calendar, currency: "USD", now: 1_736_900_000_000)
    }
  }

  private func keyed(_ client: String?, _ importer: String?) -> NewExchange {
    var exchange = NewExchange.sample(conversation: "c", key: client)
    exchange.idempotencyKey = importer
    return exchange
  }

  @Test func `the first of a batch has the key, and a loser's keys lead to it`() throws {
    let batch = try batch([keyed("k1", "i1"), keyed("k2", "i1"), keyed("k2", "i2"), keyed(nil, "i2")])
    var claims = BatchClaims(batch)
    #expect(claims.keys.count == 4)
    let (winners, moved) = claims.settle()
    #expect(winners.map { $0?.exchangeID } == [nil, batch[0].id, batch[0].id, batch[0].id])
    #expect(Set(moved.map(\.key.text)) == ["k2", "i2"])
    for key in claims.keys { #expect(claims.holder(of: key)?.exchangeID == batch[0].id) }
  }

  @Test func `who held a key before wins, also over those that lost to the loser`() throws {
    let batch = try batch([keyed("k1", "i1"), keyed("k1", "i2")])
    var claims = BatchClaims(batch)
    let taken = try #require(claims.keys.first { $0.key.text == "i1" })
    let earlier = BatchClaims.Holder(conversationID: "before", exchangeID: UUIDv7(high: 1, low: 1), day: 20_250_101)
    claims.found(earlier, for: taken)
    let (winners, _) = claims.settle()
    #expect(winners.map { $0?.exchangeID } == [earlier.exchangeID, earlier.exchangeID])
    #expect(winners.map { $0?.conversationID } == ["before", "before"])
  }

  @Test func `keys that only look alike are different keys`() throws {
    let batch = try batch([keyed("caf\u{E9}", nil), keyed("cafe\u{301}", nil)])
    var claims = BatchClaims(batch)
    #expect(claims.keys.count == 2)
    #expect(claims.settle().winners.allSatisfy { $0 == nil })
  }
}
