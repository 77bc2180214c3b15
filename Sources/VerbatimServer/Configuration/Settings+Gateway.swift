import HTTP
import VerbatimStore

extension Settings {
  static let gateway: [Setting] = [
    Setting(
      "OPENAI_API_KEY", nil, "KEY", isSecret: true,
      "A key of OPENAI_BASE_URL, which then answers calls to models that no channel has."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.openAIKey = try Value.text(text, longest: 4096)
    },
    Setting(
      "OPENAI_BASE_URL", nil, "URL", standard: "https://api.openai.com/v1", "Whose key that is, up to the /v1."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.openAIBaseURL = try Value.url(text)
    },
    Setting(
      "ANTHROPIC_API_KEY", nil, "KEY", isSecret: true, "Likewise for calls to /v1/messages."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.anthropicKey = try Value.text(text, longest: 4096)
    },
    Setting(
      "ANTHROPIC_BASE_URL", nil, "URL", standard: "https://api.anthropic.com", "Whose key that is, without the /v1."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.anthropicBaseURL = try Value.url(text)
    },
    Setting(
      "SECRET_KEY", nil, "KEY", standard: "a file beside the main database's, made when needed", isSecret: true,
      "What the keys of channels are encrypted with: 32 bytes in Base64."
    ) { text, configuration throws(SettingError) in
      guard let key = ChannelSecrets.key(parsing: text) else {
        throw SettingError("is no such key", allowed: "32 bytes in Base64 (openssl rand -base64 32)")
      }
      configuration.gateway.secretKey = key
    },
    Setting(
      "RECORDING", "--recording", "MODE", standard: "lenient",
      "lenient: a model's answer reaches its client also when it cannot be recorded; strict: no record, no answer."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.recording = try Value.choice(text, of: GatewaySettings.Recording.self)
    },
    Setting(
      "PASS_THROUGH", "--pass-through", "CALLS", standard: "stateless",
      "Which calls under /v1 pass unrecorded for keys without the scope admin: stateless, or all, also to what the upstream "
        + "keeps (files, batches, …)."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.passThrough = try Value.choice(text, of: GatewaySettings.PassThrough.self)
    },
    Setting(
      "GATEWAY_READ_ON", "--gateway-read-on", "SECONDS", standard: "60",
      "How long a model's answer is read on, and recorded, after its client has gone."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.readingOn = try Value.seconds(text, 0...3600)
    },
    Setting(
      "UPSTREAM_PROXY", "--upstream-proxy", "URL", isSecret: true, "A proxy for calls to models: http://host:3128."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.proxy = try Value.text(text, longest: 2048)
    },
    Setting(
      "UPSTREAM_CA_FILE", "--upstream-ca-file", "FILE",
      "Certificate authorities to trust for calls to models, instead of the system's, in PEM form."
    ) { text, configuration throws(SettingError) in
      configuration.gateway.certificateAuthoritiesPath = try Value.text(text, longest: 4096)
    },
  ]
}

extension Value {
  /// An HTTP address without spaces.
  static func url(_ text: String) throws(SettingError) -> String {
    let text = try Value.text(text, longest: 2048)
    guard text.hasPrefix("http://") || text.hasPrefix("https://"), !text.contains(" ") else {
      throw SettingError("is no such address", allowed: "http://… or https://…")
    }
    return text
  }
}
