import CBeast

/// Owns the C server. `@unchecked`: the handle never changes, and its functions may be called from any thread.
final class RawServer: @unchecked Sendable {
  private let handle: OpaquePointer
  let port: Int

  init(_ configuration: HTTPServer.Configuration) throws {
    guard let port = UInt16(exactly: configuration.port) else {
      throw ServerError(description: "cannot listen on port \(configuration.port): ports go from 0 to 65535")
    }
    guard (configuration.tlsCertificatePath == nil) == (configuration.tlsKeyPath == nil) else {
      throw ServerError(description: "TLS needs both a certificate and a key")
    }
    let handle = try ServerError.describing { error in
      configuration.host.withCString { host in
        withOptionalCString(configuration.tlsCertificatePath) { certificate in
          withOptionalCString(configuration.tlsKeyPath) { key in
            var raw = cb_configuration(configuration)
            raw.host = host
            raw.port = port
            raw.tls_certificate = certificate
            raw.tls_key = key
            return cb_server_create(&raw, error.baseAddress, error.count)
          }
        }
      }
    }
    self.handle = handle
    self.port = Int(cb_server_port(handle))
  }

  deinit { cb_server_destroy(handle) }

  func start(_ callbacks: cb_callbacks) throws {
    _ = try ServerError.describing { error in
      cb_server_start(handle, callbacks, error.baseAddress, error.count) ? true : nil
    }
  }

  /// Blocks until the loops' threads have ended: moments, once the last of them has said that it stops.
  func join() { cb_server_join(handle) }

  func drain(within timeout: Duration) {
    cb_server_drain(handle, timeout == .zero ? 0 : UInt64(timeout.milliseconds))
  }

  var counters: HTTPServer.Counters {
    let raw = cb_server_counters(handle)
    return HTTPServer.Counters(
      openConnections: Int(raw.open_connections), acceptedConnections: Int(raw.accepted_connections),
      requests: Int(raw.requests), refusals: Int(raw.refusals))
  }
}

extension cb_configuration {
  fileprivate init(_ configuration: HTTPServer.Configuration) {
    self.init()
    loops = max(1, configuration.loops)
    head_limit = max(1, configuration.maximumHeadSize)
    field_limit = max(1, configuration.maximumFields)
    body_limit = UInt64(max(0, configuration.maximumBodySize))
    connection_limit = max(1, configuration.maximumConnections)
    small_body_limit = max(0, configuration.smallBodySize)
    body_buffer_limit = max(1, configuration.bodyBufferSize)
    head_timeout_ms = configuration.headTimeout.milliseconds
    idle_timeout_ms = configuration.idleTimeout.milliseconds
    body_timeout_ms = configuration.bodyTimeout.milliseconds
    write_timeout_ms = configuration.writeTimeout.milliseconds
    linger_timeout_ms = configuration.lingerTimeout.milliseconds
    half_closed_timeout_ms = configuration.halfClosedTimeout.milliseconds
    minimum_body_rate = UInt32(clamping: max(1, configuration.minimumBodyRate))
  }
}

extension ServerError {
  /// Runs a C function that says in `error` why it gives nothing.
  fileprivate static func describing<Result>(
    _ body: (_ error: UnsafeMutableBufferPointer<CChar>) -> Result?
  ) throws -> Result {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { error in
      error.initialize(repeating: 0)
      guard let result = body(error) else {
        let line = error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        throw ServerError(description: String(decoding: line, as: UTF8.self))
      }
      return result
    }
  }
}

private func withOptionalCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
  guard let string else { return body(nil) }
  return string.withCString(body)
}
