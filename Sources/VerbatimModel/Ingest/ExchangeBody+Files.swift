extension ExchangeBody {
  private enum FileField: String, CaseIterable {
    case type, url, metadata
    case transferMethod = "transfer_method"
    case belongsTo = "belongs_to"
    case uploadFileID = "upload_file_id"
    case fileName = "file_name"
    case fileSize = "file_size"
    case mimeType = "mime_type"
  }

  private static let fileFields = JSONKeyTable(FileField.allCases)

  static func attachments(_ fields: inout BodyFields) throws(InvalidExchange) -> [Attachment] {
    let files = try fields[.files].array(limit: IngestLimits.files)
    var attachments: [Attachment] = []
    var isComplete = true
    for (index, file) in files.enumerated() {
      attachments.append(try attachment(file, name: "files[\(index)]", &isComplete))
    }
    if !isComplete { fields.keep(.files) }
    return attachments
  }

  private static func attachment(
    _ file: JSONSlice, name: String, _ isComplete: inout Bool
  ) throws(InvalidExchange) -> Attachment {
    guard file.kind == .object else { throw .wrongType(name, expected: "a JSON object") }
    var hasOthers = false
    let known = JSONKnownFields(file, fileFields) { _ in hasOthers = true }
    if hasOthers { isComplete = false }
    func field(_ key: FileField) -> FieldValue { FieldValue("\(name).\(key.rawValue)", known[key]) }
    return Attachment(
      kind: try field(.type).choice(Attachment.Kind.self) ?? .document,
      transferMethod: try field(.transferMethod).choice(Attachment.TransferMethod.self) ?? .localFile,
      url: try url(field(.url)),
      belongsTo: try field(.belongsTo).choice(Attachment.Owner.self) ?? .user,
      uploadFileID: try field(.uploadFileID).id(limit: IngestLimits.uploadFileID),
      fileName: try field(.fileName).id(limit: IngestLimits.name),
      fileSize: try size(field(.fileSize)),
      mimeType: try field(.mimeType).id(limit: IngestLimits.name),
      metadata: try field(.metadata).object()?.bytes)
  }

  private static func url(_ field: FieldValue) throws(InvalidExchange) -> String {
    let url = try field.requiredID(limit: IngestLimits.url)
    let scheme = url.prefix { $0 != ":" }.lowercased()
    let isWeb = (scheme == "http" || scheme == "https") && url.dropFirst(scheme.count).hasPrefix("://")
    guard isWeb || url.hasPrefix("/") else {
      throw .wrongType(field.name, expected: "an http or https URL or an absolute path")
    }
    return url
  }

  private static func size(_ field: FieldValue) throws(InvalidExchange) -> Int64? {
    guard let value = field.value else { return nil }
    guard let size = value.integer, size >= 0 else {
      throw .wrongType(field.name, expected: "a whole number of bytes")
    }
    return size
  }
}
