import CCurl
import Synchronization

/// One request, its libcurl handle, and what has come back of its answer.
///
/// `@unchecked Sendable`: whoever makes it hands it to a `TransferLoop`, whose thread alone uses it from then on;
/// only `isCancelled` is for all.
final class Transfer: @unchecked Sendable {
  typealias Completion = @Sendable (Result<HTTPClient.Answer, any Error>) -> Void

  let handle: UnsafeMutableRawPointer
  let isCancelled = Atomic(false)
  /// Set when the transfer starts, called once.
  var completion: Completion?

  private let limit: Int
  private let message: UnsafeMutablePointer<CChar>
  private var fieldList: UnsafeMutablePointer<curl_slist>?
  private var body: [UInt8] = []
  private var isTooLarge = false
  private var headIsWhole = false

  init(_ request: OutgoingRequest, configuration: HTTPClient.Configuration) throws(HTTPClientError) {
    try Self.check(request)
    guard Self.libraryIsReady, let handle = curl_easy_init() else {
      throw HTTPClientError(.broken, "libcurl cannot be set up")
    }
    self.handle = handle
    limit = request.limit
    message = .allocate(capacity: Int(CURL_ERROR_SIZE))
    message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try configure(request, configuration)
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(fieldList)
    message.deallocate()
  }

  func complete(_ result: Result<HTTPClient.Answer, any Error>) {
    completion?(result)
    completion = nil
  }

  /// The answer, or the error that `code` stands for.
  func result(_ code: CURLcode) -> Result<HTTPClient.Answer, any Error> {
    if isTooLarge {
      return .failure(HTTPClientError(.tooLarge, "the answer is larger than \(limit) bytes"))
    }
    guard code == CURLE_OK else {
      let detail = message.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: message)
      return .failure(HTTPClientError(HTTPClientError.Kind(code), detail))
    }
    var status = 0
    // libcurl takes a connection that ends within the head for the end of the answer.
    guard headIsWhole, curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK, status >= 200 else {
      return .failure(HTTPClientError(.broken, "the answer ends within its head"))
    }
    return .success((status: status, fields: answerFields(), body: body))
  }

  /// Sees a line of the head: one of an interim answer may come before.
  fileprivate func receiveHead(_ line: UnsafeRawBufferPointer) {
    if line.elementsEqual("\r\n".utf8) || line.elementsEqual("\n".utf8) {
      headIsWhole = true
    } else if line.starts(with: "HTTP/".utf8) {
      headIsWhole = false
    }
  }

  /// Keeps a part of the answer; false when it is too much.
  fileprivate func receive(_ part: UnsafeRawBufferPointer) -> Bool {
    guard part.count <= limit - body.count else {
      isTooLarge = true
      return false
    }
    body.append(contentsOf: part)
    return true
  }

  private func answerFields() -> HTTPFields {
    var fields: HTTPFields = [:]
    var field = curl_easy_nextheader(handle, UInt32(CURLH_HEADER), -1, nil)
    while let current = field {
      fields.append(String(cString: current.pointee.name), String(cString: current.pointee.value))
      field = curl_easy_nextheader(handle, UInt32(CURLH_HEADER), -1, current)
    }
    return fields
  }

  // Once in a process, before anything else.
  private static let libraryIsReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

// MARK: - Setting up

extension Transfer {
  private func configure(
    _ request: OutgoingRequest, _ configuration: HTTPClient.Configuration
  ) throws(HTTPClientError) {
    try check(curl_set_pointer(handle, CURLOPT_ERRORBUFFER, message))
    try check(curl_set_text(handle, CURLOPT_URL, request.url))
    try check(curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"))
    try check(curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)))
    // Time-outs without signals, which belong to the whole process.
    try check(curl_set_long(handle, CURLOPT_NOSIGNAL, 1))
    try check(curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.inMilliseconds))
    try check(curl_set_long(handle, CURLOPT_TIMEOUT_MS, request.timeout.inMilliseconds))
    try check(curl_set_text(handle, CURLOPT_USERAGENT, configuration.userAgent))
    if !configuration.usesProxyFromEnvironment { try check(curl_set_text(handle, CURLOPT_PROXY, "")) }
    if let path = configuration.certificateAuthoritiesPath {
      try check(curl_set_text(handle, CURLOPT_CAINFO, path))
    }
    if !configuration.verifiesCertificates {
      try check(curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 0))
      try check(curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 0))
    }
    try check(
      curl_set_receivers(
        handle,
        { bytes, size, count, context in
          guard let bytes, let context else { return 0 }
          let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
          Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHead(line)
          return line.count
        },
        { bytes, size, count, context in
          guard let bytes, let context else { return 0 }
          let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
          return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(part) ? part.count : 0
        }, Unmanaged.passUnretained(self).toOpaque()))
    try setMethod(request)
    try setFields(request.fields)
  }

  private func setMethod(_ request: OutgoingRequest) throws(HTTPClientError) {
    if request.method == "HEAD" {
      try check(curl_set_long(handle, CURLOPT_NOBODY, 1))
      return
    }
    if let body = request.body ?? (["POST", "PUT", "PATCH"].contains(request.method) ? [] : nil) {
      try check(curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, body.count))
      // Without an address libcurl would ask for the body with a callback.
      let code = (body.isEmpty ? [0] : body).withUnsafeBytes { bytes in
        curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
      }
      try check(code)
    }
    if request.method != "GET" || request.body != nil {
      try check(curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method))
    }
  }

  private func setFields(_ fields: HTTPFields) throws(HTTPClientError) {
    for (name, value) in fields.entries {
      try addField(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    // An empty one takes away what libcurl adds: the wait for 100-continue, a form's type.
    if fields["Expect"] == nil { try addField("Expect:") }
    if fields["Content-Type"] == nil { try addField("Content-Type:") }
    try check(curl_set_fields(handle, fieldList))
  }

  private func addField(_ line: String) throws(HTTPClientError) {
    guard let longer = curl_slist_append(fieldList, line) else {
      throw HTTPClientError(.broken, "no memory for the request's fields")
    }
    fieldList = longer
  }

  private func check(_ code: CURLcode) throws(HTTPClientError) {
    guard code == CURLE_OK else {
      throw HTTPClientError(.invalidRequest, String(cString: curl_easy_strerror(code)))
    }
  }

  /// Refuses what could end a line early and begin another one.
  private static func check(_ request: OutgoingRequest) throws(HTTPClientError) {
    guard HTTPToken.isToken(request.method) else {
      throw HTTPClientError(.invalidRequest, "the method is not a word")
    }
    guard request.method != "HEAD" || request.body == nil else {
      throw HTTPClientError(.invalidRequest, "a HEAD request has no body")
    }
    let scheme = request.url.prefix { $0 != ":" }.lowercased()
    guard scheme == "http" || scheme == "https" else {
      throw HTTPClientError(.invalidRequest, "the URL begins with neither http:// nor https://")
    }
    guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw HTTPClientError(.invalidRequest, "the URL has spaces or control characters")
    }
    for (name, value) in request.fields.entries {
      guard HTTPToken.isToken(name), !value.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else {
        throw HTTPClientError(.invalidRequest, "a field has characters that cannot be sent")
      }
    }
  }
}

extension HTTPClientError.Kind {
  fileprivate init(_ code: CURLcode) {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT: self = .cannotConnect
    case CURLE_OPERATION_TIMEDOUT: self = .timedOut
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED,
      CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
      self = .tls
    case CURLE_URL_MALFORMAT: self = .invalidRequest
    default: self = .broken
    }
  }
}

extension Duration {
  /// At least one, since libcurl takes nought for "never".
  fileprivate var inMilliseconds: Int {
    let (seconds, attoseconds) = components
    let longest = Int64(Int32.max)
    guard seconds < longest / 1000 else { return Int(longest) }
    return Int(max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
  }
}
