import Databases
import VerbatimModel

extension StoredAttachment {
  /// Of `message_files`, in the order in which `init(_:_:)` reads them.
  static let columns =
    "id, type, transfer_method, url, belongs_to, upload_file_id, file_name, file_size, mime_type, metadata"

  /// How many columns they are.
  static let columnCount = 10

  init(_ row: Row, _ keys: ContentKeys) throws {
    guard let kind = Attachment.Kind(rawValue: row.text(1)),
      let transferMethod = Attachment.TransferMethod(rawValue: row.text(2)),
      let owner = Attachment.Owner(rawValue: row.text(4))
    else { throw StoreError.unusable("message_files holds a row of an unknown type, transfer method or owner") }
    let attachment = Attachment(
      kind: kind, transferMethod: transferMethod, url: row.text(3), belongsTo: owner,
      uploadFileID: row.optionalText(5), fileName: row.optionalText(6), fileSize: row.optionalInteger(7),
      mimeType: row.optionalText(8), metadata: row.bytes(9))
    let id: UUIDv7 = try row.uuid(0)
    self.init(id: id, attachment: try keys.opened(attachment, of: id))
  }
}
