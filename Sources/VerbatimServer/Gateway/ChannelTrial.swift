import HTTP
import VerbatimModel
import VerbatimStore

/// Whether an upstream can be reached and takes the channel's key: it is asked for its models.
struct ChannelTrial: Sendable {
  private static let patience: Duration = .seconds(15)

  let isGood: Bool
  let status: Int?
  let latency: Duration
  let modelCount: Int
  /// What is wrong; nil when nothing is.
  let detail: String?

  static func run(_ channel: Channel, with client: HTTPClient) async -> ChannelTrial {
    let started = ContinuousClock.now
    var request = channel.request("GET", path: "/v1/models", query: nil, fields: [:], body: nil)
    request.timeouts.total = patience
    do {
      let answer = try await client.open(request)
      let body = try await answer.collect(upTo: 4 << 20)
      let models = (try? JSONSlice(checking: body[...]))?["data"]?.elements.reduce(0) { count, _ in count + 1 }
      let isGood = answer.status == 200 && models != nil
      return ChannelTrial(
        isGood: isGood, status: answer.status, latency: started.duration(to: .now), modelCount: models ?? 0,
        detail: isGood ? nil : "the upstream answered \(answer.status): \(body.prefix(300)[...].string)")
    } catch {
      return ChannelTrial(
        isGood: false, status: nil, latency: started.duration(to: .now), modelCount: 0, detail: "\(error)")
    }
  }
}
