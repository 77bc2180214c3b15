import VerbatimModel

/// The text of a chat completion as it comes, from the bytes of its stream, which may be cut at any place.
package struct CompletionDeltas: Sendable {
  private var reader = EventReader()
  /// Bytes of an event that has not ended; past a bound nothing is read any more.
  private var unfinishedCount = 0

  package init() {}

  /// What these bytes add to the text of the first choice: JSON strings, for a character may be cut between two of them.
  package mutating func take(_ bytes: Bytes) -> [Bytes] {
    var deltas: [Bytes] = []
    guard unfinishedCount <= Capture.usualLimit else { return [] }
    var rest = bytes
    unfinishedCount += rest.count
    while let event = reader.next(&rest) {
      unfinishedCount = rest.count
      guard let data = event.data, let chunk = try? JSONSlice(checking: data[...]), let choices = chunk["choices"]
      else { continue }
      for choice in choices.elements where (choice["index"]?.integer ?? 0) == 0 {
        let delta = choice["delta"] ?? choice["message"]
        guard let text = delta?["content"], text.string?.isEmpty == false else { continue }
        deltas.append(text.bytes)
      }
    }
    return deltas
  }
}
