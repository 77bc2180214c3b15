import HTTP
import VerbatimModel
import VerbatimStore

/// What a request asks to export.
struct ExportQuery: Sendable {
  enum Flag: String, CaseIterable { case yes = "1", no = "0" }

  let format: ExportFormat
  let marksBytes: Bool
  var selection: ExportSelection

  /// The end of the selection is still open. Throws 400 for values that are none.
  init(_ request: HTTPRequest, within reach: Reach) throws(APIError) {
    format = try request.choice("format", of: ExportFormat.self) ?? .json
    marksBytes = try request.choice("bom", of: Flag.self) == .yes
    var selection = ExportSelection(reach, end: 0)
    selection.firstDay = try Self.day("start_date", of: request)
    selection.lastDay = try Self.day("end_date", of: request)
    if let first = selection.firstDay, let last = selection.lastDay, last < first {
      throw .invalid("start_date must not be later than end_date")
    }
    selection.app = try request.parameter("app_id", longest: IngestLimits.appID)
    selection.user = try request.parameter("user_id", longest: IngestLimits.userID)
    selection.model = try request.parameter("model", longest: IngestLimits.modelID)
    selection.status = try request.choice("status", of: ExportSelection.Status.self)
    if let text = try request.parameter("since", longest: 20) {
      guard let position = Int64(text), position >= 0 else {
        throw .invalid("since must be the cursor that an export gave")
      }
      selection.since = position
    }
    self.selection = selection
  }

  private static func day(_ name: String, of request: HTTPRequest) throws(APIError) -> Day? {
    guard let text = try request.parameter(name, longest: 10) else { return nil }
    guard let day = Day(text: text) else { throw .invalid("\(name) must be a date such as 2025-01-15") }
    return day
  }

  /// What was committed by now is in it, and nothing that is committed later.
  mutating func close(at end: Int64) throws(APIError) {
    guard selection.since <= end else { throw .invalid("since is the cursor of another history, or of a later state") }
    selection.end = end
  }

  var cursor: String { "\(selection.end)" }

  func encoder() -> any ExportEncoder {
    format.encoder(cursor: cursor, marksBytes: marksBytes, namesAccounts: selection.reach.account == nil)
  }
}
