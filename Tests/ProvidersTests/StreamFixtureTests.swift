import Testing
import VerbatimModel

@testable import Providers

@Suite struct StreamFixtureTests {
  @Test func `there are fixtures`() {
    #expect(StreamFixture.all.count > 15)
  }

  @Test(arguments: StreamFixture.all)
  func `a recorded stream gives the exchange beside it`(name: String) throws {
    let fixture = try StreamFixture(name)
    let exchange = try Replay([fixture.bytes[...]], of: fixture.request()).exchange
    let choices = fixture["choices"].map { $0.elements.map { $0.bytes } } ?? []
    let exact = fixture["choices_json"].map { $0.elements.compactMap { $0.string?.bytes } } ?? []
    #expect(exchange.choices.count == max(choices.count, exact.count))
    for (choice, expected) in zip(exchange.choices, choices) {
      let same = try isSame(choice.json, expected)
      #expect(same, "\(choice.json.string)")
    }
    for (choice, expected) in zip(exchange.choices, exact) { #expect(choice.json.string == expected.string) }
    let sameUsage = try isSame(exchange.usage, fixture["usage"]?.bytes)
    #expect(sameUsage, "\(exchange.usage?.string ?? "")")
    #expect(exchange.finishReason == fixture["finish_reason"]?.string?.string)
    #expect(exchange.responseID == fixture["response_id"]?.string?.string)
    let failure = fixture["failure"].map { $0.elements.compactMap { $0.string?.string } }
    #expect(exchange.failure.map { [$0.code, $0.message] } == failure)
    let details = fixture["details"]?.bytes
    let sameDetails = try details == nil || isSame(KeptRequest(stored: exchange.request)?.answer, details)
    #expect(sameDetails, "\(exchange.request?.string ?? "")")
  }

  @Test(arguments: StreamFixture.all)
  func `the bytes go on unchanged, those from the finish reason on when recorded`(name: String) throws {
    let fixture = try StreamFixture(name)
    let replay = try Replay([fixture.bytes[...]], of: fixture.request())
    #expect(replay.released + replay.held == fixture.bytes)
    guard let mark = fixture["held_from"]?.string?.string else { return }
    let released = String(decoding: replay.released, as: UTF8.self)
    let held = String(decoding: replay.held, as: UTF8.self)
    #expect(!released.contains(mark))
    #expect(held.split(separator: "\n\n").first?.contains(mark) == true)
    #expect(released.isEmpty || released.hasSuffix("\n\n"))
  }

  @Test(arguments: StreamFixture.all)
  func `where a stream is split makes no difference`(name: String) throws {
    let fixture = try StreamFixture(name)
    let request = try fixture.request()
    let whole = Replay([fixture.bytes[...]], of: request)
    for place in fixture.bytes.indices {
      let split = Replay([fixture.bytes[..<place], fixture.bytes[place...]], of: request)
      if split != whole { Issue.record("split at \(place)") }
    }
    #expect(Replay(fixture.bytes.indices.map { fixture.bytes[$0...$0] }, of: request) == whole)
  }

  @Test(arguments: StreamFixture.all)
  func `where a line's end is split makes no difference`(name: String) throws {
    let fixture = try StreamFixture(name)
    let request = try fixture.request()
    let bytes = fixture.withCarriageReturns
    let whole = Replay([bytes[...]], of: request)
    for place in bytes.indices where bytes[place] == UInt8(ascii: "\n") {
      for split in [place - 1, place] where Replay([bytes[..<split], bytes[split...]], of: request) != whole {
        Issue.record("split at \(split)")
      }
    }
    #expect(Replay(bytes.indices.map { bytes[$0...$0] }, of: request) == whole)
  }

  @Test(arguments: StreamFixture.all)
  func `line ends of another kind make the same exchange`(name: String) throws {
    let fixture = try StreamFixture(name)
    let request = try fixture.request()
    let expected = Replay([fixture.bytes[...]], of: request).exchange
    let carriageReturns = fixture.bytes.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: "\r") : $0 }
    for bytes in [fixture.withCarriageReturns, carriageReturns, [0xef, 0xbb, 0xbf] + fixture.bytes] {
      let exchange = Replay([bytes[...]], of: request).exchange
      #expect(exchange.choices == expected.choices)
      #expect(exchange.request == expected.request)
      #expect(exchange.failure == expected.failure)
    }
  }

  @Test(arguments: StreamFixture.all)
  func `a stream that breaks off is a failure with what had come, unless it had finished`(name: String) throws {
    let fixture = try StreamFixture(name)
    let request = try fixture.request()
    let whole = Replay([fixture.bytes[...]], of: request)
    let ending = AnswerEnding.broken(code: "reset", message: "the provider hung up")
    for end in stride(from: 0, through: fixture.bytes.count, by: 7) {
      let cut = Replay([fixture.bytes[..<end]], of: request, ending: ending)
      #expect(cut.released + cut.held == Array(fixture.bytes[..<end]))
      let isCutBeforeFinish = end <= whole.released.count
      if isCutBeforeFinish { #expect(cut.exchange.failure?.code == "reset") }
      if cut.exchange.failure == nil { #expect(cut.exchange.choices == whole.exchange.choices) }
    }
  }
}
