import VerbatimModel

/// What a capture makes of the events of one kind of stream.
protocol AnswerStream: Sendable {
  /// What becomes of the event's bytes, until the answer is recorded.
  mutating func take(_ event: ServerSentEvent) -> Release
  /// Whether something that was said has come.
  var hasBegun: Bool { get }
  /// Whether nothing more is to come.
  var isComplete: Bool { get }
  /// What came; whether it is whole says `isFinished`.
  func answer() -> Answer
  /// Whether the model said that it had finished.
  var isFinished: Bool { get }
}

/// What becomes of an event's bytes.
enum Release: Sendable {
  /// Nothing about them says that the answer has ended.
  case now
  /// As `now`; but what they say is lost to the record.
  case unread
  /// They and what follows wait until the answer is recorded.
  case afterRecording
  /// Their client did not ask for them; whether they wait as well is as it was.
  case never
}
