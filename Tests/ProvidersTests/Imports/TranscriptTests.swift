import Testing
import VerbatimModel

@testable import Providers

@Suite struct TranscriptTests {
  /// Speakers as letters: small ones are asked, `A` is the assistant; and the parts they become, each answered by what
  /// stands behind the arrow.
  @Test(
    arguments: [
      ("uA", ["u>A"]), ("uAuA", ["u>A", "u>A"]), ("suAuA", ["su>A", "u>A"]), ("uuA", ["uu>A"]), ("uAA", ["uA>A"]),
      ("AuA", ["Au>A"]), ("uAu", ["u>A", "u>"]), ("s", ["s>"]), ("AA", ["AA>"]), ("uAtA", ["u>A", "t>A"]), ("", []),
    ])
  func `every message is in one exchange, whoever speaks when`(_ speakers: String, _ expected: [String]) {
    let turns = speakers.map { Transcript.Turn(isAssistant: $0 == "A", message: Bytes(utf8: String($0))) }
    let parts = Transcript.parts(of: turns).map { part in
      part.messages.map(\.string).joined() + ">" + (part.answer?.string ?? "")
    }
    #expect(parts == expected)
  }
}
