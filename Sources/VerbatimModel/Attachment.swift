/// A file of an exchange; its URL is stored and never fetched.
package struct Attachment: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable { case document, image, audio, video, file, other }
  package enum TransferMethod: String, Sendable, CaseIterable {
    case localFile = "local_file"
    case remoteURL = "remote_url"
  }
  package enum Owner: String, Sendable, CaseIterable { case user, assistant, system }

  package var kind: Kind
  package var transferMethod: TransferMethod
  package var url: String
  package var belongsTo: Owner
  package var uploadFileID: String?
  package var fileName: String?
  /// In bytes.
  package var fileSize: Int64?
  package var mimeType: String?
  /// A JSON object.
  package var metadata: Bytes?

  package init(
    kind: Kind, transferMethod: TransferMethod, url: String, belongsTo: Owner, uploadFileID: String? = nil,
    fileName: String? = nil, fileSize: Int64? = nil, mimeType: String? = nil, metadata: Bytes? = nil
  ) {
    self.kind = kind
    self.transferMethod = transferMethod
    self.url = url
    self.belongsTo = belongsTo
    self.uploadFileID = uploadFileID
    self.fileName = fileName
    self.fileSize = fileSize
    self.mimeType = mimeType
    self.metadata = metadata
  }
}
