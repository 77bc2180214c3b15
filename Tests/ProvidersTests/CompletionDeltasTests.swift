import Providers
import Testing
import VerbatimModel

@Suite struct CompletionDeltasTests {
  private static let stream = """
    data: {"choices":[],"prompt_filter_results":[]}\r\n\r
    : comment

    data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}

    data: {"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"世\\ud83d"}}]}

    data: {"choices":[{"delta":{"reasoning_content":"thought","content":null}}]}

    data: no JSON

    data: {"choices":[{"index":0,"delta":{"content":"\\ude00"},"finish_reason":"stop"}],"usage":null}

    data: [DONE]


    """

  @Test func `the first choice's text is the same wherever the stream is cut`() {
    let bytes = Array(Self.stream.utf8)
    for cut in 0...bytes.count {
      var deltas = CompletionDeltas()
      let found = deltas.take(bytes[..<cut]) + deltas.take(bytes[cut...])
      #expect(found.map(\.string) == [#""世\ud83d""#, #""\ude00""#], "cut at \(cut)")
    }
  }
}
