import HTTP
import VerbatimModel
import VerbatimStore

/// What a request says of a channel; nil where it says nothing.
struct ChannelChange: Sendable {
  private enum Version: String, CaseIterable {
    case one = "1.1"
    case two = "2"
  }

  private static let longestName = 255
  private static let longestKey = 4096
  private static let mostModels = 1000
  private static let mostFields = 50

  private let name: String?
  private let dialect: Channel.Dialect?
  private let baseURL: String?
  private let key: String?
  private let models: [String: String]?
  private let fields: [String: String]?
  private let priority: Int64?
  private let weight: Int64?
  private let connectTimeout: Int64?
  private let firstByteTimeout: Int64?
  private let idleTimeout: Int64?
  private let usesHTTP2: Bool?
  private let usage: Channel.UsageOption?
  private let status: Channel.Status?

  init(_ body: AdminBody) throws(APIError) {
    name = try body.text("name", limit: Self.longestName)
    dialect = try body.choice("dialect", of: Channel.Dialect.self)
    baseURL = try Self.url(try body.text("base_url", limit: 2048))
    key = try body.text("key", limit: Self.longestKey)
    models = try Self.models(body)
    fields = try Self.fields(body)
    priority = try body.integer("priority", -1000...1000)
    weight = try body.integer("weight", 1...1000)
    connectTimeout = try body.integer("connect_timeout", 1...300)
    firstByteTimeout = try body.integer("first_byte_timeout", 1...3600)
    idleTimeout = try body.integer("idle_timeout", 1...3600)
    usesHTTP2 = try body.choice("http_version", of: Version.self).map { $0 == .two }
    usage = try body.choice("include_usage", of: Channel.UsageOption.self)
    status = try body.choice("status", of: Channel.Status.self)
  }

  /// A new channel; throws where what it needs is missing.
  func channel() throws(APIError) -> Channel {
    guard let name else { throw .invalid("name is required") }
    guard let baseURL else { throw .invalid("base_url is required") }
    guard let models, !models.isEmpty else {
      throw .invalid("models is required: an array of names, or an object of names and what the upstream calls them")
    }
    var channel = Channel(name: name, dialect: dialect ?? .openai, baseURL: baseURL, key: key, models: models)
    apply(to: &channel)
    return channel
  }

  func apply(to channel: inout Channel) {
    if let name { channel.name = name }
    if let dialect { channel.dialect = dialect }
    if let baseURL { channel.baseURL = baseURL }
    if let key { channel.key = key }
    if let models { channel.models = models }
    if let fields { channel.fields = fields }
    if let priority { channel.priority = priority }
    if let weight { channel.weight = weight }
    if let connectTimeout { channel.connectTimeout = .seconds(connectTimeout) }
    if let firstByteTimeout { channel.firstByteTimeout = .seconds(firstByteTimeout) }
    if let idleTimeout { channel.idleTimeout = .seconds(idleTimeout) }
    if let usesHTTP2 { channel.usesHTTP2 = usesHTTP2 }
    if let usage { channel.usage = usage }
    if let status { channel.status = status }
  }

  private static func url(_ text: String?) throws(APIError) -> String? {
    guard let text else { return nil }
    let isURL = text.hasPrefix("http://") || text.hasPrefix("https://")
    guard isURL, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains("#") else {
      throw .invalid("base_url must be http://… or https://… without spaces and fragment")
    }
    return text
  }

  /// `["gpt-4o", …]`, or `{"fast": "gpt-4o-mini", …}`; `*` stands for any.
  private static func models(_ body: AdminBody) throws(APIError) -> [String: String]? {
    let models: [String: String]?
    if body.isArray("models") {
      let names = try body.texts("models") ?? []
      models = Dictionary(names.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
    } else {
      models = try body.pairs("models")
    }
    guard let models else { return nil }
    guard models.count <= mostModels else { throw .invalid("models has more than \(mostModels) names") }
    for name in models.flatMap({ [$0.key, $0.value] }) {
      guard (1...IngestLimits.modelID).contains(name.unicodeScalars.count) else {
        throw .invalid("a name in models is empty or longer than \(IngestLimits.modelID) characters")
      }
    }
    return models
  }

  private static func fields(_ body: AdminBody) throws(APIError) -> [String: String]? {
    guard let fields = try body.pairs("headers") else { return nil }
    guard fields.count <= mostFields else { throw .invalid("headers has more than \(mostFields) fields") }
    for (name, value) in fields {
      guard HTTPFields(dictionaryLiteral: (name, value)).isWellFormed else {
        throw .invalid("headers has a name or value that cannot be sent")
      }
    }
    return fields
  }
}
