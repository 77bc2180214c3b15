import Testing
import VerbatimModel

@testable import Providers

@Suite struct EventReaderTests {
  private func events(_ pieces: [String]) -> [ServerSentEvent] {
    var reader = EventReader()
    var events: [ServerSentEvent] = []
    for piece in pieces {
      var rest = Bytes(utf8: piece)
      while let event = reader.next(&rest) { events.append(event) }
    }
    if let event = reader.finish() { events.append(event) }
    return events
  }

  private func event(_ data: String?, name: String = "") -> ServerSentEvent {
    ServerSentEvent(name: Array(name.utf8), data: data.map { Array($0.utf8) })
  }

  @Test func `data lines are joined and other fields passed over`() {
    let events = events(["event: a\nid: 1\nretry: 5\ndata: x\ndata:y\ndata:  z\nnonsense\n\n"])
    #expect(events == [event("x\ny\n z", name: "a")])
  }

  @Test func `comments alone are an event without data`() {
    #expect(events([": ping\n\ndata: x\n\n"]) == [event(nil), event("x")])
  }

  @Test(arguments: [["data: x\r", "\n\r", "\ndata: y\r\n\r\n"], ["data: x\r\rdata: y\r\r"], ["data: x\n\ndata: y"]])
  func `lines may end in three ways and be cut within`(pieces: [String]) {
    #expect(events(pieces).filter { $0.data != nil } == [event("x"), event("y")])
  }

  /// What took each line's time again for every line before it would be hours.
  @Test(.timeLimit(.minutes(5))) func `an event of two million lines is read`() {
    let count = 2_000_000
    let events = events([String(repeating: "data:\n", count: count) + "\n"])
    #expect(events.map(\.data?.count) == [count - 1])
  }

  @Test func `an empty data line is data`() {
    #expect(events(["data\n\n", "data:\n\n"]) == [event(""), event("")])
  }
}
