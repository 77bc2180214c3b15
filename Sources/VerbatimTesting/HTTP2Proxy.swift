import Foundation

/// A real HTTP/2 server over TLS on a free port of loopback: nghttpx, which passes everything on to an upstream and tells
/// it in `Via` by which version it came, `2 nghttpx` or `1.1 nghttpx`.
package final class HTTP2Proxy: Sendable {
  /// `https://localhost:40123`
  package let url: String
  /// The authority to trust.
  package let certificatePath: String
  private let folder: TemporaryFolder
  private let process: SpawnedProcess

  /// Runs `body` beside a proxy that is gone afterwards. `port`: the upstream's, on 127.0.0.1.
  package static func with<Result>(to port: Int, _ body: (HTTP2Proxy) async throws -> Result) async throws -> Result {
    let proxy = try await start(to: port)
    do {
      let result = try await body(proxy)
      await proxy.stop()
      return result
    } catch {
      await proxy.stop()
      throw error
    }
  }

  private init(url: String, folder: TemporaryFolder, process: SpawnedProcess) {
    self.url = url
    self.folder = folder
    self.process = process
    certificatePath = folder.path("server.pem")
  }

  private static func start(to upstream: Int) async throws -> HTTP2Proxy {
    let folder = try TemporaryFolder()
    try await TestCertificate.make(in: folder)
    let port = try freePort()
    let process = try SpawnedProcess.start(
      [
        "--conf=/dev/null", "--single-process", "--workers=1", "--no-ocsp", "--log-level=NOTICE",
        "--frontend=127.0.0.1,\(port)", "--backend=127.0.0.1,\(upstream)", "server.key", "server.pem",
      ], executable: "/usr/sbin/nghttpx", in: folder)
    // A log has no event to wait for, so it is looked at; this ends when the proxy is ready or gone.
    while true {
      let isRunning = process.isRunning
      if process.standardError.contains("Listening on") {
        return HTTP2Proxy(url: "https://localhost:\(port)", folder: folder, process: process)
      }
      guard isRunning else { throw SpawnError("nghttpx ended: \(process.standardError)") }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func stop() async {
    process.send(SIGKILL)
    await process.waitForEnding()
  }
}
