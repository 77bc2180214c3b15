import HTTP
import VerbatimModel
import VerbatimStore

/// `/api/admin/channels`. A channel's key and header fields are never shown.
struct ChannelHandlers: Sendable {
  private static let fields: Set<String> = [
    "name", "dialect", "base_url", "key", "models", "priority", "weight", "headers", "connect_timeout",
    "first_byte_timeout", "idle_timeout", "http_version", "include_usage", "status",
  ]

  let main: MainStore
  let upstreams: Upstreams

  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    json.key("channels")
    json.beginArray()
    for channel in try await upstreams.channels.all() { json.channel(channel) }
    json.endArray()
    json.key("next_cursor")
    json.null()
    json.endObject()
    return .json(json)
  }

  @Sendable func create(_ request: HTTPRequest) async throws -> HTTPResponse {
    let change = try ChannelChange(try await AdminBody(request, fields: Self.fields))
    let channel = try change.channel()
    guard let made = try await main.createChannel(channel) else {
      throw APIError.conflict("there is a channel \(channel.name) already")
    }
    upstreams.channels.forget()
    return answer(made)
  }

  @Sendable func change(_ request: HTTPRequest) async throws -> HTTPResponse {
    let change = try ChannelChange(try await AdminBody(request, fields: Self.fields))
    guard let changed = try await main.changeChannel(try Self.id(request), { change.apply(to: &$0) }) else {
      throw Self.noChannel
    }
    upstreams.channels.forget()
    return answer(changed)
  }

  @Sendable func delete(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let deleted = try await main.deleteChannel(try Self.id(request)) else { throw Self.noChannel }
    upstreams.channels.forget()
    return answer(deleted)
  }

  /// Asks the upstream for its models: whether it can be reached, and takes the key.
  @Sendable func test(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = try Self.id(request)
    guard let channel = try await upstreams.channels.all().first(where: { $0.id == id }) else { throw Self.noChannel }
    let trial = await ChannelTrial.run(channel, with: upstreams.client)
    var json = JSONWriter()
    json.beginObject()
    json.key("success")
    json.boolean(trial.isGood)
    json.key("name")
    json.string(channel.name)
    json.key("status")
    if let status = trial.status { json.integer(status) } else { json.null() }
    json.key("latency")
    json.double(trial.latency / .seconds(1))
    json.key("models")
    json.integer(trial.modelCount)
    json.key("detail")
    json.string(orNull: trial.detail)
    json.endObject()
    return .json(json)
  }

  private static let noChannel = APIError.notFound("there is no such channel")

  private static func id(_ request: HTTPRequest) throws(APIError) -> Int64 {
    guard let id = Int64(request.parameters["id"] ?? "") else { throw noChannel }
    return id
  }

  private func answer(_ channel: Channel) -> HTTPResponse {
    AuditNotes.current?.add("channel", channel.name)
    var json = JSONWriter()
    json.channel(channel)
    return .json(json)
  }
}

extension JSONWriter {
  fileprivate mutating func channel(_ channel: Channel) {
    beginObject()
    key("id")
    integer(channel.id)
    for (name, text) in [
      ("name", channel.name), ("dialect", channel.dialect.rawValue), ("base_url", channel.baseURL),
      ("status", channel.status.rawValue), ("include_usage", channel.usage.rawValue),
      ("http_version", channel.usesHTTP2 ? "2" : "1.1"),
    ] {
      key(text: name)
      string(text)
    }
    key("has_key")
    boolean(channel.key != nil)
    key("models")
    beginObject()
    for (name, upstreamName) in channel.models.sorted(by: { $0.key < $1.key }) {
      key(text: name)
      string(upstreamName)
    }
    endObject()
    key("headers")
    beginArray()
    for name in channel.fields.keys.sorted() { string(name) }
    endArray()
    for (name, number) in [
      ("priority", channel.priority), ("weight", channel.weight),
      ("connect_timeout", channel.connectTimeout.components.seconds),
      ("first_byte_timeout", channel.firstByteTimeout.components.seconds),
      ("idle_timeout", channel.idleTimeout.components.seconds),
    ] {
      key(text: name)
      integer(number)
    }
    for (name, time) in [("created_at", channel.createdAt), ("updated_at", channel.updatedAt)] {
      key(text: name)
      if time > 0 { timestamp(time) } else { null() }
    }
    endObject()
  }
}
