import HTTP
import VerbatimModel

/// Which requests have a line in the log, and what it says.
struct RequestLog: Sendable {
  private let choice: Configuration.AccessLog
  private let log: Log

  init(_ configuration: Configuration, log: Log) {
    let isDebug = configuration.accessLog == .failures && log.level <= .debug
    choice = isDebug ? .on : configuration.accessLog
    self.log = log
  }

  /// nil when no request has one.
  var middleware: AccessLog? {
    guard choice != .off else { return nil }
    return AccessLog { entry in
      guard choice == .on || entry.status >= 400 else { return }
      write(entry)
    }
  }

  private func write(_ entry: AccessLog.Entry) {
    let fields: KeyValuePairs = [
      "method": entry.method, "path": entry.path, "status": String(entry.status),
      "ms": Self.milliseconds(entry.duration), "bytes": String(entry.byteCount), "peer": entry.peerAddress,
      "request_id": entry.requestID, "user_agent": entry.userAgent ?? "",
    ]
    if entry.status >= 500 { log.warning("Request", fields) } else { log.info("Request", fields) }
  }

  /// With three decimals.
  private static func milliseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let micros = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    let fraction = String(micros % 1000)
    return "\(micros / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}
