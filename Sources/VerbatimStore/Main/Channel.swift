/// An upstream: a provider's endpoint that calls to models are sent to.
package struct Channel: Sendable, Equatable {
  /// What the endpoint speaks, and so how its key is shown to it.
  package enum Dialect: String, Sendable, CaseIterable { case openai, anthropic, azure }

  package enum Status: String, Sendable, CaseIterable { case enabled, disabled }

  /// Whether streams are asked for their usage where the client did not ask.
  package enum UsageOption: String, Sendable, CaseIterable {
    /// Unless the upstream has refused it once.
    case auto
    case on, off
  }

  /// The name of a model that stands for any.
  package static let anyModel = "*"

  /// What exchanges are recorded with; the environment's have negative ones, that of no other changes or comes again.
  package var id: Int64
  package var name: String
  package var dialect: Dialect
  /// `https://api.openai.com/v1`
  package var baseURL: String
  package var key: String?
  /// By the name that clients use: what the upstream calls it.
  package var models: [String: String]
  /// Higher ones are tried first.
  package var priority: Int64 = 0
  /// How often it is the first among those of its priority, relative to their weights.
  package var weight: Int64 = 1
  /// Header fields that are sent, besides or in place of the client's.
  package var fields: [String: String] = [:]
  package var connectTimeout: Duration = .seconds(10)
  package var firstByteTimeout: Duration = .seconds(300)
  package var idleTimeout: Duration = .seconds(120)
  package var usesHTTP2 = false
  package var usage = UsageOption.auto
  package var status = Status.enabled
  /// Unix milliseconds, UTC.
  package var createdAt: Int64 = 0
  package var updatedAt: Int64 = 0

  package init(id: Int64 = 0, name: String, dialect: Dialect, baseURL: String, key: String?, models: [String: String]) {
    self.id = id
    self.name = name
    self.dialect = dialect
    self.baseURL = baseURL
    self.key = key
    self.models = models
  }
}
