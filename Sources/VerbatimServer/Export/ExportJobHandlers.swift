import HTTP
import VerbatimModel
import VerbatimStore

/// Exports in the background: asked for, looked at, fetched, removed.
struct ExportJobHandlers: Sendable {
  private static let partSize = 256 << 10

  let main: MainStore
  let store: Store
  let folder: ExportFolder

  /// `POST /api/exports`. What was committed by now is in it, and nothing that is committed later.
  @Sendable func create(_ request: HTTPRequest) async throws -> HTTPResponse {
    let reach = try request.caller.reach
    let text = try await ExportJobQuery.text(of: request)
    var query = try ExportJobQuery(text, within: reach)
    if let conversation = query.export.selection.conversation {
      guard try await store.conversation(conversation, within: reach) != nil else { throw APIError.noConversation }
    }
    try query.export.close(at: try await store.feedEnd())
    let (end, estimate) = (query.export.selection.end, try await store.exportEstimate(query.export.selection))
    guard let job = try await main.addExport(text, reach: reach, end: end, estimate: estimate) else {
      throw APIError(
        status: 429, code: "too_many_exports",
        detail: "\(MainStore.mostUnfinishedExports) exports of this account are not done yet",
        fields: ["Retry-After": "60"])
    }
    AuditNotes.current?.add("export_id", job.id.description)
    Self.note(query)
    return Self.answer(job)
  }

  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    let page = try PageQuery(request)
    var last: UUIDv7?
    if let position = page.position {
      guard let id = UUIDv7(position) else { throw APIError.invalid("cursor is none that this list gave") }
      last = id
    }
    let found = try await main.exports(within: request.caller.reach, before: last, limit: page.limit + 1)
    var json = JSONWriter()
    json.beginObject()
    json.key("exports")
    json.beginArray()
    for job in found.prefix(page.limit) { json.job(job) }
    json.endArray()
    json.key("next_cursor")
    let next = found.count > page.limit ? found[page.limit - 1].id.description : nil
    json.string(orNull: next.map(PageQuery.cursor))
    json.endObject()
    return .json(json)
  }

  @Sendable func one(_ request: HTTPRequest) async throws -> HTTPResponse { Self.answer(try await job(request)) }

  /// Stops it where it runs, and removes it with its file.
  @Sendable func remove(_ request: HTTPRequest) async throws -> HTTPResponse {
    let job = try await job(request)
    guard try await main.removeExport(job.id, within: request.caller.reach) else { throw Self.noExport }
    try folder.removeFiles(of: job.id)
    var json = JSONWriter()
    json.beginObject()
    json.key("message")
    json.string("export removed")
    json.endObject()
    return .json(json)
  }

  /// The file or, with `Range`, a part of it.
  @Sendable func file(_ request: HTTPRequest) async throws -> HTTPResponse {
    let job = try await job(request)
    guard job.state == .done, let checksum = job.checksum else {
      throw APIError(status: 409, code: "not_ready", detail: "the export is \(job.state.rawValue)")
    }
    let size = Int(job.mark.bytes)
    guard let file = try ExportJobFile.reading(folder.file(of: job.id), size: size) else { throw Self.elsewhere }
    let query = try ExportJobQuery(job.query, within: job.reach)
    let tag = "\"\(checksum)\""
    var answer = HTTPResponse(
      status: 200,
      fields: [
        "Content-Type": query.contentType, "Accept-Ranges": "bytes", "ETag": tag, "X-Verbatim-SHA256": checksum,
        "Content-Disposition": "attachment; filename=\"\(query.fileName)\"", "Cache-Control": "no-store",
      ])
    var part = 0..<size
    let isSame = request.fields["If-Range"].map { $0 == tag } ?? true
    if isSame, let range = ByteRange(request.fields["Range"], of: size) {
      guard case .bytes(let bytes) = range else { throw Self.unsatisfiable(size) }
      part = bytes
      answer.status = 206
      answer.fields["Content-Range"] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"
    }
    answer.streamLength = part.count
    answer.body = Self.stream(file, part)
    return answer
  }

  private static func stream(_ file: ExportJobFile, _ range: Range<Int>) -> HTTPResponse.Body {
    .stream { writer in
      var offset = range.lowerBound
      while offset < range.upperBound {
        let part = try await file.read(at: offset, count: min(partSize, range.upperBound - offset))
        guard !part.isEmpty else { throw ShortFile() }
        try await writer.write(part)
        offset += part.count
      }
    }
  }

  private func job(_ request: HTTPRequest) async throws -> ExportJob {
    guard let id = UUIDv7(request.parameters["id"] ?? ""),
      let job = try await main.export(id, within: request.caller.reach)
    else { throw Self.noExport }
    Self.note(try ExportJobQuery(job.query, within: job.reach))
    return job
  }

  /// For the trail: whose conversation it is.
  private static func note(_ query: ExportJobQuery) {
    if let conversation = query.export.selection.conversation { AuditNotes.current?.add(conversation: conversation) }
  }

  private static let noExport = APIError.notFound("there is no such export")

  /// With several servers behind one address, the next attempt may reach the right one.
  private static let elsewhere = APIError(
    status: 503, code: "file_elsewhere",
    detail: "the file is on the server that made it, unless it was taken away there; EXPORT_FOLDER may name a folder "
      + "that all servers share",
    fields: ["Retry-After": "1"])

  private static func unsatisfiable(_ size: Int) -> APIError {
    APIError(
      status: 416, code: "range_not_satisfiable", detail: "the file has \(size) bytes",
      fields: ["Content-Range": "bytes */\(size)"])
  }

  private static func answer(_ job: ExportJob) -> HTTPResponse {
    var json = JSONWriter()
    json.job(job)
    return .json(json)
  }
}

/// A file that was cut off while it was sent.
private struct ShortFile: Error {}

extension JSONWriter {
  fileprivate mutating func job(_ job: ExportJob) {
    beginObject()
    key("id")
    uuid(job.id)
    key("state")
    string(job.state.rawValue)
    key("exchanges")
    integer(job.mark.exchanges)
    key("estimate")
    integer(job.estimate)
    key("bytes")
    integer(job.mark.bytes)
    key("cursor")
    string("\(job.end)")
    key("sha256")
    string(orNull: job.checksum)
    key("error")
    string(orNull: job.reason)
    key("created_at")
    timestamp(job.createdAt)
    key("updated_at")
    timestamp(job.updatedAt)
    key("expires_at")
    if let expiresAt = job.expiresAt { timestamp(expiresAt) } else { null() }
    endObject()
  }
}
