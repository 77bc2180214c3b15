import HTTP
import VerbatimModel
import VerbatimStore

/// `/v1/models`: what all channels have together.
struct ModelHandlers: Sendable {
  private static let patience: Duration = .seconds(10)
  private static let largestList = 4 << 20

  private let upstreams: Upstreams

  init(upstreams: Upstreams) { self.upstreams = upstreams }

  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    var json = JSONWriter(reservingCapacity: 4096)
    json.beginObject()
    json.key("object")
    json.string("list")
    json.key("data")
    json.beginArray()
    for model in try await models() { json.model(model) }
    json.endArray()
    json.endObject()
    return .json(json)
  }

  @Sendable func model(_ request: HTTPRequest) async throws -> HTTPResponse {
    let name = request.parameters["model"] ?? ""
    guard let model = try await models().first(where: { $0.name == name }) else {
      throw APIError(status: 404, code: "model_not_found", detail: "no channel has a model \(name)")
    }
    var json = JSONWriter()
    json.model(model)
    return .json(json)
  }

  /// By name; of channels that take any model, those that the upstream lists, all asked at once. One that does not answer,
  /// or is left alone, is left out.
  private func models() async throws -> [ListedModel] {
    let channels = try await upstreams.channels.all().filter { $0.status == .enabled }
    let listed = await self.listed(by: channels.filter { $0.models[Channel.anyModel] != nil })
    var models: [String: ListedModel] = [:]
    for channel in channels {
      for name in channel.models.keys where name != Channel.anyModel {
        models[name] = models[name] ?? ListedModel(name: name, channel: channel.name)
      }
      for model in listed[channel.id] ?? [] { models[model.name] = models[model.name] ?? model }
    }
    return models.values.sorted { $0.name < $1.name }
  }

  private func listed(by channels: [Channel]) async -> [Int64: [ListedModel]] {
    await withTaskGroup(of: (Int64, [ListedModel]).self) { group in
      for channel in channels where upstreams.health.pause(of: channel) == .zero {
        group.addTask { (channel.id, await listed(by: channel)) }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }

  private func listed(by channel: Channel) async -> [ListedModel] {
    var request = channel.request("GET", path: "/v1/models", query: nil, fields: [:], body: nil)
    request.timeouts.total = Self.patience
    do {
      let answer = try await upstreams.client.open(request)
      let json = try JSONSlice(checking: try await answer.collect(upTo: Self.largestList)[...])
      guard answer.status == 200, let data = json["data"] else { return [] }
      return data.elements.compactMap { element in
        element["id"]?.string.map { ListedModel(name: $0.string, channel: channel.name, json: element.bytes) }
      }
    } catch {
      upstreams.log.warning("Upstream lists no models", ["channel": channel.name, "reason": "\(error)"])
      return []
    }
  }
}

/// A model as it is listed.
private struct ListedModel {
  let name: String
  let channel: String
  /// As an upstream lists it.
  var json: Bytes?
}

extension JSONWriter {
  fileprivate mutating func model(_ model: ListedModel) {
    if let json = model.json { return raw(json) }
    beginObject()
    key("id")
    string(model.name)
    key("object")
    string("model")
    key("created")
    integer(0)
    key("owned_by")
    string(model.channel)
    endObject()
  }
}
