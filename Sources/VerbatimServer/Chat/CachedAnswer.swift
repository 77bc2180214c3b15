import Providers
import VerbatimModel

/// An answer that may be given again.
struct CachedAnswer: Sendable {
  /// What an entry takes beside its texts, about.
  private static let overhead = 512

  /// The assistant's message, as the provider wrote it.
  let message: Bytes
  let provider: String
  let finishReason: String

  var byteCount: Int { message.count + provider.utf8.count + finishReason.utf8.count + Self.overhead }

  /// nil for an answer that is none of one whole text.
  init?(_ answer: Answer, from provider: String) {
    guard answer.failure == nil, answer.choices.count == 1, answer.finishReason == "stop",
      let message = answer.choices.first, message.contentKind == .text, message.toolCalls == nil
    else { return nil }
    var json = JSONWriter()
    json.message(message)
    self.message = json.bytes[...]
    self.provider = provider
    finishReason = "stop"
  }

  /// From what `json` gave.
  init?(json: Bytes) {
    guard let object = try? JSONSlice(checking: json), let message = object["message"], message.kind == .object,
      let provider = object["provider"]?.string, let reason = object["finish_reason"]?.string
    else { return nil }
    self.message = Array(message.bytes)[...]
    self.provider = provider.string
    finishReason = reason.string
  }

  var json: Bytes {
    var json = JSONWriter(reservingCapacity: message.count + 128)
    json.beginObject()
    json.key("provider")
    json.string(provider)
    json.key("finish_reason")
    json.string(finishReason)
    json.key("message")
    json.raw(message)
    json.endObject()
    return json.bytes[...]
  }

  /// As it is recorded: nobody was paid for it.
  var answer: Answer {
    var answer = Answer()
    answer.choices = Message(json: JSONSlice(trusting: message)).map { [$0] } ?? []
    answer.finishReason = finishReason
    answer.usage = Bytes(utf8: #"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#)
    return answer
  }
}
