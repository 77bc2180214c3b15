import HTTP
import VerbatimStore

/// What an operator decides about calls to models.
package struct GatewaySettings: Sendable {
  package enum Recording: String, Sendable, CaseIterable {
    /// A model's answer reaches its client whatever becomes of the record.
    case lenient
    /// No record, no answer.
    case strict
  }

  package enum PassThrough: String, Sendable, CaseIterable {
    /// What an upstream keeps for the channel's key is for administrators alone, where callers need keys.
    case stateless
    case all
  }

  package var recording = Recording.lenient
  package var passThrough = PassThrough.stateless
  /// How long an upstream is read on after its client has gone.
  package var readingOn: Duration = .seconds(60)
  /// How long a call waits for what the history knows of its conversation, before it is made and again once its answer
  /// has begun.
  package var lookUpPatience: Duration = .milliseconds(500)
  /// Of the environment's channels.
  package var idleTimeout: Duration = .seconds(120)
  package var proxy: String?
  package var certificateAuthoritiesPath: String?
  /// 32 bytes; nil: of a file beside the main database's.
  package var secretKey: [UInt8]?
  package var openAIBaseURL = "https://api.openai.com/v1"
  package var openAIKey: String?
  package var anthropicBaseURL = "https://api.anthropic.com"
  package var anthropicKey: String?

  package init() {}

  /// One for each key that is set; they take any model that no other channel names.
  var channels: [Channel] {
    [
      channel(-1, "OPENAI_API_KEY", .openai, openAIBaseURL, openAIKey),
      channel(-2, "ANTHROPIC_API_KEY", .anthropic, anthropicBaseURL, anthropicKey),
    ].compactMap(\.self)
  }

  private func channel(
    _ id: Int64, _ name: String, _ dialect: Channel.Dialect, _ baseURL: String, _ key: String?
  ) -> Channel? {
    guard let key else { return nil }
    var channel = Channel(
      id: id, name: name, dialect: dialect, baseURL: baseURL, key: key, models: [Channel.anyModel: Channel.anyModel])
    channel.idleTimeout = idleTimeout
    return channel
  }

  var client: HTTPClient.Configuration {
    var client = HTTPClient.Configuration()
    client.proxy = proxy
    client.certificateAuthoritiesPath = certificateAuthoritiesPath
    client.maximumIdleConnections = 1024
    return client
  }
}
