import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// Calls under `/v1` that are passed on and not recorded.
struct PassThroughHandlers: Sendable {
  private let upstreams: Upstreams
  private let calls: CallRegistry
  private let bodyLimit: Int
  private let passesAll: Bool

  init(upstreams: Upstreams, calls: CallRegistry, configuration: Configuration) {
    self.upstreams = upstreams
    self.calls = calls
    bodyLimit = configuration.server.maximumBodySize
    passesAll = configuration.gateway.passThrough == .all
  }

  /// Throws 403 for what an upstream keeps, where that is not the caller's.
  @Sendable func pass(_ request: HTTPRequest) async throws -> HTTPResponse {
    let path = try Self.path(request)
    let isStateless = request.method == "POST" && Self.isStateless(path)
    guard try isStateless || reachesState(request.caller) else { throw Self.kept }
    return try await pass(request, path)
  }

  /// Passes what the caller was seen to own.
  func passOwn(_ request: HTTPRequest) async throws -> HTTPResponse {
    try await pass(request, Self.path(request))
  }

  /// Whether what an upstream keeps is the caller's to see: files, stored responses and the like belong to a channel's
  /// key, so to all who call through it.
  func reachesState(_ caller: Caller) -> Bool {
    passesAll || caller.isAdministrator || caller.credential == .keyless
  }

  private func pass(_ request: HTTPRequest, _ path: String) async throws -> HTTPResponse {
    let body = try await request.body.collect(upTo: bodyLimit)
    let named = Self.named(request, body)
    var call = Upstreams.Call(
      method: request.method, path: path, query: request.query, fields: request.fields,
      body: { channel, _ in
        if let named { return Array(named.forwarded(model: channel.upstreamName(of: named.model))) }
        return body.isEmpty ? nil : body
      }, model: named?.model)
    call.dialects = Self.dialects(request)
    let token = calls.begin()
    let reply: Upstreams.Reply
    do {
      reply = try await upstreams.reply(to: call)
    } catch let unanswered as Upstreams.Unanswered {
      throw unanswered.error
    }
    token.reads(reply.answer)
    return HTTPResponse(
      status: reply.answer.status, fields: reply.answer.fields.forClient,
      body: .stream { writer in
        defer { withExtendedLifetime(token) {} }
        if !reply.answer.hasPart { try await writer.write([]) }
        while let part = try await reply.answer.next() { try await writer.write(part) }
      })
  }

  /// Passes a call without a body on to a channel that has the model; what comes of it is no matter.
  func tell(_ request: HTTPRequest, model: String) async {
    do {
      let call = Upstreams.Call(
        method: request.method, path: try Self.path(request), query: request.query, fields: request.fields,
        body: { _, _ in nil }, model: model)
      try await upstreams.reply(to: call).answer.cancel()
    } catch {
      // It may not know what this is about.
    }
  }

  private static let kept = APIError.forbidden(
    "what the upstream keeps (files, batches, stored responses and the like) is shared by all who call through it, so this "
      + "call needs the scope admin, or a server with PASS_THROUGH=all")

  /// Whether an upstream answers a POST out of the request alone.
  private static func isStateless(_ path: String) -> Bool {
    let parts = path.split(separator: "/").dropFirst()
    switch parts.first {
    case "embeddings", "completions", "moderations", "rerank": return parts.count == 1
    case "audio", "images": return parts.count == 2
    default: return ["messages/count_tokens", "responses/input_tokens"].contains(parts.joined(separator: "/"))
    }
  }

  /// Chat completions are recorded, so nothing passes there; nor what an upstream may take for that name, or another.
  private static func path(_ request: HTTPRequest) throws(APIError) -> String {
    let path = try request.upstreamPath
    let resource = path.split(separator: "/").dropFirst().first ?? ""
    let isName = resource.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
    guard isName, resource != "chat" else { throw .notFound("there is no \(request.path)") }
    return path
  }

  /// What Anthropic's clients send with every call.
  private static func dialects(_ request: HTTPRequest) -> Set<Channel.Dialect> {
    request.fields["anthropic-version"] == nil ? [.openai, .azure] : [.anthropic]
  }

  /// A body of JSON that names a model; a channel may have it alone.
  private static func named(_ request: HTTPRequest, _ body: [UInt8]) -> ModelBody? {
    guard !body.isEmpty, request.fields["Content-Type"]?.contains("json") == true else { return nil }
    return ModelBody(body[...])
  }
}
