import VerbatimModel

/// A conversation's messages one after another, cut into exchanges.
///
/// An exchange ends with the last of assistant messages that follow each other; what stands before it since the exchange
/// before is what was asked. So every message is in one exchange and in its order, whoever speaks first, twice, or last.
struct Transcript {
  struct Turn {
    let isAssistant: Bool
    /// In OpenAI form.
    let message: Bytes
  }

  struct Part: Equatable {
    var messages: [Bytes]
    /// nil where the conversation ends with a question.
    var answer: Bytes?
  }

  static func parts(of turns: [Turn]) -> [Part] {
    var parts: [Part] = []
    var asked: [Bytes] = []
    var hasQuestion = false
    for (index, turn) in turns.enumerated() {
      let isFollowed = index + 1 < turns.count && turns[index + 1].isAssistant
      if turn.isAssistant, hasQuestion, !isFollowed {
        parts.append(Part(messages: asked, answer: turn.message))
        (asked, hasQuestion) = ([], false)
      } else {
        asked.append(turn.message)
        hasQuestion = hasQuestion || !turn.isAssistant
      }
    }
    if !asked.isEmpty { parts.append(Part(messages: asked, answer: nil)) }
    return parts
  }
}
