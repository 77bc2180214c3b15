import CBeast

extension HTTPRequest {
  /// A request without its body. Nil: the target is not UTF-8.
  init?(_ head: cb_head) {
    guard let path = String(validating: head.path.buffer, as: UTF8.self) else { return nil }
    var query: String?
    if head.query.bytes != nil {
      guard let valid = String(validating: head.query.buffer, as: UTF8.self) else { return nil }
      query = valid
    }
    self.init(
      method: String(decoding: head.method.buffer, as: UTF8.self), path: path, query: query, fields: HTTPFields(head),
      peerAddress: String(decoding: head.peer.buffer, as: UTF8.self), isSecure: head.is_secure)
  }
}

extension HTTPFields {
  fileprivate init(_ head: cb_head) {
    let spans = UnsafeBufferPointer(start: head.fields, count: head.field_count).map { field in
      let name = Int(field.name), value = Int(field.value)
      return Span(name: name..<name + Int(field.name_count), value: value..<value + Int(field.value_count))
    }
    self.init(checked: Array(head.head.buffer), spans: spans)
  }
}

extension HTTPResponse {
  /// The answer's bytes for the length of the call. A stream has none yet.
  func withAnswer(_ body: (cb_answer) -> Void) {
    var closes = false
    var lines: [UInt8] = []
    lines.reserveCapacity(fields.bytes.count + 4 * fields.spans.count)
    for span in fields.spans {
      if fields.isServerOwned(span) {
        closes = closes || fields.closesConnection(span)
        continue
      }
      lines += fields.bytes[span.name]
      lines += [UInt8(ascii: ":"), UInt8(ascii: " ")]
      lines += fields.bytes[span.value]
      lines += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    }
    var content: [UInt8] = []
    if case .bytes(let bytes) = self.body { content = bytes }
    lines.withUnsafeBufferPointer { lines in
      content.withUnsafeBufferPointer { content in
        body(cb_answer(status: Int32(status), fields: cb_slice(lines), body: cb_slice(content), closes: closes))
      }
    }
  }
}

extension HTTPFields {
  /// Framing and connection belong to the server.
  fileprivate func isServerOwned(_ span: Span) -> Bool {
    switch span.name.count {
    case 4: hasName("Date", span)
    case 10: hasName("Connection", span) || hasName("Keep-Alive", span)
    case 14: hasName("Content-Length", span)
    case 17: hasName("Transfer-Encoding", span)
    default: false
    }
  }

  fileprivate func closesConnection(_ span: Span) -> Bool {
    hasName("Connection", span) && hasName("close", Span(name: span.value, value: span.value))
  }
}

extension cb_slice {
  fileprivate var buffer: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }

  fileprivate init(_ buffer: UnsafeBufferPointer<UInt8>) { self.init(bytes: buffer.baseAddress, count: buffer.count) }
}

extension [UInt8] {
  /// A copy with the spare capacity that a collected body promises.
  init(padded slice: cb_slice) {
    self.init(unsafeUninitializedCapacity: slice.count == 0 ? 0 : slice.count + RequestBody.padding) { buffer, count in
      count = slice.count
      if let target = buffer.baseAddress, let source = slice.bytes {
        UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: slice.count)
      }
    }
  }
}
