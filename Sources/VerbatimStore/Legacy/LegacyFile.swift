import VerbatimModel

/// A row of `message_attachments` (seed 002) or `message_files` (seed 003) as an attachment.
enum LegacyFile {
  static func attachment(_ file: LegacyRow, of message: LegacyRow) -> Attachment {
    let url: String = LegacyText.limited(file.text("url") ?? file.text("file_url"), to: IngestLimits.url) ?? ""
    let isRemote: Bool = url.hasPrefix("http://") || url.hasPrefix("https://")
    let kind: String = file.text("type") ?? file.text("attachment_type") ?? ""
    let owner: String = file.text("belongs_to") ?? message.text("role") ?? ""
    return Attachment(
      kind: Attachment.Kind(rawValue: kind) ?? .other,
      transferMethod: file.text("transfer_method").flatMap(Attachment.TransferMethod.init)
        ?? (isRemote ? .remoteURL : .localFile),
      url: url, belongsTo: Attachment.Owner(rawValue: owner) ?? .user,
      uploadFileID: LegacyText.limited(file.text("upload_file_id"), to: IngestLimits.uploadFileID),
      fileName: LegacyText.limited(file.text("file_name"), to: IngestLimits.name), fileSize: file.integer("file_size"),
      mimeType: LegacyText.limited(file.text("mime_type"), to: IngestLimits.name),
      metadata: LegacyRecord(file, omitted: file.object("metadata") == nil ? [] : ["metadata"]).metadata(
        with: file.object("metadata")))
  }
}
