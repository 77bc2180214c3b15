import Testing

@testable import VerbatimModel

@Suite struct FileTests {
  @Test func `A file's URL is enough`() throws {
    let exchange = try parse(with: #""files":[{"url":"/a/b.pdf"}]"#)
    let expected = Attachment(kind: .document, transferMethod: .localFile, url: "/a/b.pdf", belongsTo: .user)
    #expect(exchange.attachments == [expected])
    #expect(exchange.request == nil)
  }

  @Test func `Every field of a file finds its place`() throws {
    let exchange = try parse(
      with: #"""
        "files":[{"type":"image","transfer_method":"remote_url","url":"HTTPS://x/你","belongs_to":"assistant",
        "upload_file_id":"f-1","file_name":"n","file_size":9007199254740993,"mime_type":"image/png","metadata":{"w": 1}}]
        """#)
    let expected = Attachment(
      kind: .image, transferMethod: .remoteURL, url: "HTTPS://x/你", belongsTo: .assistant, uploadFileID: "f-1",
      fileName: "n", fileSize: 9_007_199_254_740_993, mimeType: "image/png", metadata: Bytes(utf8: #"{"w": 1}"#))
    #expect(exchange.attachments == [expected])
  }

  @Test func `Files with fields of their own are kept as they came too`() throws {
    let exchange = try parse(with: #""x":1,"files":[{"url":"/a"},{"url":"/b","alt":"\ud800"}]"#)
    #expect(exchange.attachments.map(\.url) == ["/a", "/b"])
    #expect(exchange.request?.string == #"{"x":1,"files":[{"url":"/a"},{"url":"/b","alt":"\ud800"}]}"#)
  }

  @Test(arguments: [
    ("1", "files[0] must be a JSON object"), ("{}", "files[0].url is required"),
    (#"{"url":""}"#, "files[0].url must not be empty"), (#"{"url":7}"#, "files[0].url must be a string"),
    (#"{"url":"ftp://x"}"#, "files[0].url must be an http or https URL or an absolute path"),
    (#"{"url":"x/y"}"#, "files[0].url must be an http or https URL or an absolute path"),
    (#"{"url":"http:x"}"#, "files[0].url must be an http or https URL or an absolute path"),
    (#"{"url":"javascript:alert(1)"}"#, "files[0].url must be an http or https URL or an absolute path"),
    (#"{"url":"/\u0000"}"#, "files[0].url must not hold NUL or lone surrogates"),
    (#"{"url":"/x","type":"folder"}"#, "files[0].type must be one of document, image, audio, video, file, other"),
    (#"{"url":"/x","transfer_method":"x"}"#, "files[0].transfer_method must be one of local_file, remote_url"),
    (#"{"url":"/x","belongs_to":""}"#, "files[0].belongs_to must be one of user, assistant, system"),
    (#"{"url":"/x","file_size":-1}"#, "files[0].file_size must be a whole number of bytes"),
    (#"{"url":"/x","file_size":"1"}"#, "files[0].file_size must be a whole number of bytes"),
    (#"{"url":"/x","metadata":[]}"#, "files[0].metadata must be a JSON object"),
  ])
  func `Errors name the file and its field`(file: String, message: String) {
    #expect(failure(of: body(with: "\"files\":[\(file)]"))?.description == message)
  }

  @Test(arguments: [("url", 2048), ("upload_file_id", 128), ("file_name", 255), ("mime_type", 255)])
  func `A file's texts are bounded`(field: String, limit: Int) {
    func body(_ length: Int) -> String {
      let text = "/" + String(repeating: "路", count: length - 1)
      return VerbatimModelTests.body(with: #""files":[{"url":"/x"},{"url":"/x","\#(field)":"\#(text)"}]"#)
    }
    #expect(failure(of: body(limit)) == nil)
    #expect(failure(of: body(limit + 1))?.description == "files[1].\(field) is longer than \(limit) characters")
  }
}
