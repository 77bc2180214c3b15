import HTTP
import VerbatimModel
import VerbatimStore

/// What a background export is to hold, and how its file is to look.
struct ExportJobQuery: Sendable {
  private static let fields: Set<String> = [
    "conversation_id", "format", "start_date", "end_date", "app_id", "user_id", "model", "status", "since", "bom",
    "compression",
  ]

  var export: ExportQuery
  /// What the file itself is compressed by.
  let compression: ResponseCoding?

  /// Throws 400 for values that are none.
  init(_ text: String, within reach: Reach) throws(APIError) {
    let request = HTTPRequest(method: "GET", path: "", query: text)
    export = try ExportQuery(request, within: reach)
    export.selection.conversation = try request.parameter(
      "conversation_id", longest: IngestLimits.conversationID)
    compression = try request.choice("compression", of: ResponseCoding.self)
  }

  /// The parameters as a query string: those of the body's JSON object or, where there is no body, of the path.
  static func text(of request: HTTPRequest) async throws -> String {
    let body = try await AdminBody(request, fields: fields)
    var pairs: [String] = []
    for name in fields.sorted() {
      guard let text = try body.word(name, limit: IngestLimits.conversationID) ?? request.queryParameter(name) else {
        continue
      }
      pairs.append("\(name)=\(PercentEncoding.encode(text))")
    }
    return pairs.joined(separator: "&")
  }

  /// For whoever fetches the file.
  var fileName: String {
    let name = (export.selection.conversation == nil ? "conversations" : "conversation") + "."
    let plain = name + export.format.fileExtension
    return switch compression {
    case .gzip: plain + ".gz"
    case .zstd: plain + ".zst"
    case nil: plain
    }
  }

  var contentType: String {
    switch compression {
    case .gzip: "application/gzip"
    case .zstd: "application/zstd"
    case nil: export.format.contentType
    }
  }
}
