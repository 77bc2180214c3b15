import VerbatimStore

/// Where a channel's upstream takes calls.
///
/// - `openai`: `https://api.openai.com/v1`, as OpenAI's clients have it.
/// - `anthropic`: with `/v1` or without it, as Anthropic's clients have it.
/// - `azure`: a resource's `https://NAME.openai.azure.com/openai/v1`, or, for its older form, without `/v1` and with
///   `?api-version=…`; then each model is a deployment, `/openai/deployments/MODEL`, unless the base names one itself.
struct ChannelAddress: Sendable {
  private static let versionPath = "/v1"
  private static let deployments = "/deployments/"
  private static let azureRoot = "/openai"

  private let base: String
  private let query: String?
  private let dialect: Channel.Dialect

  init(_ baseURL: String, _ dialect: Channel.Dialect) {
    let parts = baseURL.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var base = parts.first.map(String.init) ?? ""
    while base.hasSuffix("/") { base.removeLast() }
    self.base = base
    query = parts.count > 1 ? String(parts[1]) : nil
    self.dialect = dialect
  }

  /// `path`: from `/v1/` on, as `upstreamPath` gives it; `query`: the client's, goes behind the channel's own; `model`: as
  /// the upstream calls it.
  func url(_ path: String, query: String?, model: String?) -> String {
    let queries = [self.query, query].compactMap { $0 }.filter { !$0.isEmpty }
    return place(of: path, model: model) + (queries.isEmpty ? "" : "?" + queries.joined(separator: "&"))
  }

  private func place(of path: String, model: String?) -> String {
    let rest = String(path.dropFirst(Self.versionPath.count))
    if base.hasSuffix(Self.versionPath) { return base + rest }
    switch dialect {
    case .openai: return base + rest
    case .anthropic: return base + path
    case .azure: return deployment(of: model) + rest
    }
  }

  private func deployment(of model: String?) -> String {
    if let place = base.range(of: Self.deployments) { return model == nil ? String(base[..<place.lowerBound]) : base }
    let root = base.hasSuffix(Self.azureRoot) ? base : base + Self.azureRoot
    return model.map { root + Self.deployments + $0.asPathSegment } ?? root
  }
}
