/// A certificate of loopback that signed itself, so that it is its own authority.
package enum TestCertificate {
  /// Writes `server.pem` and `server.key`.
  package static func make(in folder: TemporaryFolder) async throws {
    let outcome = try await SpawnedCommand.run(
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", "server.key", "-out", "server.pem"],
      executable: "/usr/bin/openssl", in: folder)
    guard outcome.code == 0 else { throw SpawnError("openssl failed: \(outcome.errors)") }
  }
}
