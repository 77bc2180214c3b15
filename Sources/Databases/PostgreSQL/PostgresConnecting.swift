import CPostgres
import Glibc

/// Connects to the first of an address's hosts that takes it.
///
/// libpq's own list of hosts is not used, for its errors would come without their codes.
struct PostgresConnecting {
  private let address: PostgresAddress
  private let isWriter: Bool
  private let wakeUp: PostgresWakeUp
  private let interruption: Interruption

  /// What an address may say otherwise in its parameters. A server that has vanished is noticed within half a minute.
  private static let defaults = [
    "fallback_application_name": "verbatim", "keepalives_idle": "15", "keepalives_interval": "5",
    "keepalives_count": "3", "tcp_user_timeout": "30000", "gssencmode": "disable",
  ]

  init(_ address: PostgresAddress, isWriter: Bool, _ wakeUp: PostgresWakeUp, _ interruption: Interruption) {
    self.address = address
    self.isWriter = isWriter
    self.wakeUp = wakeUp
    self.interruption = interruption
  }

  /// A connection that is ready, to be freed by the caller.
  func open() throws(DatabaseError) -> OpaquePointer {
    var failures: [DatabaseError] = []
    for host in address.hosts {
      do {
        return try open(host)
      } catch {
        if error.kind == .cancelled { throw error }
        failures.append(error)
      }
    }
    guard var failure = failures.first else { throw .misuse("\(address) names no host") }
    let messages = failures.map(\.message).joined(separator: "; ")
    failure.message = "\(address): \(messages)"
    throw failure
  }

  private func open(_ host: PostgresAddress.Host) throws(DatabaseError) -> OpaquePointer {
    let parameters = parameters(host)
    let names = parameters.map { strdup($0.key) } + [nil]
    let values = parameters.map { strdup($0.value) } + [nil]
    defer { for text in names + values { free(text) } }
    let started = PQconnectStartParams(names.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
    guard let handle = started else { throw DatabaseError(kind: .unavailable, code: ENOMEM, message: "no memory") }
    do {
      // The only way to learn the code of a refusal.
      PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
      // Notices say what is no failure; nothing of them may reach standard error.
      PQsetNoticeReceiver(handle, { _, _ in }, nil)
      try complete(handle, host)
      PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
      return handle
    } catch {
      PQfinish(handle)
      throw error
    }
  }

  private func complete(_ handle: OpaquePointer, _ host: PostgresAddress.Host) throws(DatabaseError) {
    guard PQstatus(handle) != CONNECTION_BAD else { throw refusal(handle) }
    let deadline = ContinuousClock.now + address.connectTimeout
    var events = POLLOUT
    while true {
      if interruption.isRequested { throw .cancelled }
      let left = (deadline - ContinuousClock.now) / .milliseconds(1)
      guard left > 0 else {
        throw DatabaseError(
          kind: .unavailable, code: ETIMEDOUT, message: "\(host.name), port \(host.port), does not answer in time")
      }
      let pause = Int32(min(left.rounded(.up), Double(Int32.max)))
      guard wakeUp.wait(for: events, on: PQsocket(handle), milliseconds: pause) else { continue }
      switch PQconnectPoll(handle) {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_READING: events = POLLIN
      case PGRES_POLLING_WRITING: events = POLLOUT
      default: throw refusal(handle)
      }
    }
  }

  private func parameters(_ host: PostgresAddress.Host) -> [String: String] {
    var parameters = Self.defaults.merging(address.parameters) { _, given in given }
    if isWriter && address.hosts.count > 1 && parameters["target_session_attrs"] == nil {
      parameters["target_session_attrs"] = "read-write"
    }
    parameters["host"] = host.name
    parameters["port"] = String(host.port)
    parameters["user"] = address.user
    parameters["password"] = address.password
    parameters["dbname"] = address.database
    parameters["client_encoding"] = "UTF8"
    parameters["sslmode"] = address.tlsMode.rawValue
    parameters["sslrootcert"] = address.rootCertificate
    parameters["sslcert"] = address.certificate
    parameters["sslkey"] = address.privateKey
    return parameters
  }

  /// `connection to server at "db", port 5432 failed: FATAL:  3D000: database "x" does not exist`, or without a code.
  private func refusal(_ handle: OpaquePointer) -> DatabaseError {
    let line = PQerrorMessage(handle).map { String(cString: $0) }?.firstLine ?? "connecting failed"
    let words = line.split(separator: ":  ", maxSplits: 1)
    guard words.count == 2, let end = words[1].firstIndex(of: ":"), let code = postgresCode(words[1][..<end]) else {
      return DatabaseError(kind: .unavailable, code: 0, message: line)
    }
    let reason = words[1][end...].dropFirst().drop { $0 == " " }
    return DatabaseError(kind: .unavailable, code: code, message: "\(words[0]): \(reason)")
  }
}
