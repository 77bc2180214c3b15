import CCurl

/// Makes a libcurl handle ready for one request.
struct TransferSetup {
  private let handle: UnsafeMutableRawPointer
  private let message: UnsafeMutablePointer<CChar>
  /// The transfer, as libcurl gives it back to its callbacks.
  private let context: UnsafeMutableRawPointer

  init(_ handle: UnsafeMutableRawPointer, _ message: UnsafeMutablePointer<CChar>, context: UnsafeMutableRawPointer) {
    self.handle = handle
    self.message = message
    self.context = context
  }

  /// `fieldList` is to be freed after the handle.
  func configure(
    _ request: OutgoingRequest, _ configuration: HTTPClient.Configuration,
    _ fieldList: inout UnsafeMutablePointer<curl_slist>?
  ) throws(HTTPClientError) {
    try check(curl_set_pointer(handle, CURLOPT_ERRORBUFFER, message))
    try check(curl_set_text(handle, CURLOPT_URL, request.url))
    // Or `..` would take away segments before it.
    try check(curl_set_long(handle, CURLOPT_PATH_AS_IS, 1))
    try check(curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"))
    let version = request.version == .http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
    try check(curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(version)))
    // What to ask for; that anything is set makes libcurl decode.
    if request.decodesContent { try check(curl_set_text(handle, CURLOPT_ACCEPT_ENCODING, "identity")) }
    // Time-outs without signals, which belong to the whole process.
    try check(curl_set_long(handle, CURLOPT_NOSIGNAL, 1))
    // Or ending one transfer waits for its resolver's thread, and all others with it.
    try check(curl_set_long(handle, CURLOPT_QUICK_EXIT, 1))
    let connect = request.timeouts.connect ?? configuration.connectTimeout
    try check(curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, connect.inMilliseconds))
    if let total = request.timeouts.total {
      try check(curl_set_long(handle, CURLOPT_TIMEOUT_MS, total.inMilliseconds))
    }
    try check(curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1))
    try check(curl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10))
    try check(curl_set_text(handle, CURLOPT_USERAGENT, configuration.userAgent))
    try setTrust(configuration)
    try setReceivers()
    try setMethod(request)
    try setFields(request.fields, &fieldList)
  }

  private func setTrust(_ configuration: HTTPClient.Configuration) throws(HTTPClientError) {
    if let proxy = configuration.proxy {
      try check(curl_set_text(handle, CURLOPT_PROXY, proxy))
      try check(curl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))
    } else if !configuration.usesProxyFromEnvironment {
      try check(curl_set_text(handle, CURLOPT_PROXY, ""))
    }
    if let path = configuration.certificateAuthoritiesPath {
      try check(curl_set_text(handle, CURLOPT_CAINFO, path))
    }
    guard !configuration.verifiesCertificates else { return }
    try check(curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 0))
    try check(curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 0))
  }

  private func setReceivers() throws(HTTPClientError) {
    try check(
      curl_set_receivers(
        handle,
        { bytes, size, count, context in
          guard let bytes, let context else { return 0 }
          let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
          return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHead(line) ? line.count : 0
        },
        { bytes, size, count, context in
          guard let bytes, let context else { return 0 }
          let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
          let isTaken = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(part)
          return isTaken ? part.count : Int(CURL_WRITEFUNC_PAUSE)
        }, context))
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

  private func setFields(
    _ fields: HTTPFields, _ list: inout UnsafeMutablePointer<curl_slist>?
  ) throws(HTTPClientError) {
    for (name, value) in fields.entries {
      try add(value.isEmpty ? "\(name);" : "\(name): \(value)", to: &list)
    }
    // An empty one takes away what libcurl adds: the wait for 100-continue, a form's type.
    if fields["Expect"] == nil { try add("Expect:", to: &list) }
    if fields["Content-Type"] == nil { try add("Content-Type:", to: &list) }
    try check(curl_set_fields(handle, list))
  }

  private func add(_ line: String, to list: inout UnsafeMutablePointer<curl_slist>?) throws(HTTPClientError) {
    guard let longer = curl_slist_append(list, line) else {
      throw HTTPClientError(.broken, "no memory for the request's fields")
    }
    list = longer
  }

  private func check(_ code: CURLcode) throws(HTTPClientError) {
    guard code == CURLE_OK else {
      throw HTTPClientError(.invalidRequest, String(cString: curl_easy_strerror(code)))
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
