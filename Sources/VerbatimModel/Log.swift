/// A structured log line's severity.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug, info, warning, error

  package var name: String { "\(self)" }

  package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Where log lines go: a value that is passed along, so that tests can listen.
///
/// Lines about history begin with `MES`. Never log content, keys or DSN passwords.
package struct Log: Sendable {
  package typealias Sink = @Sendable (LogLevel, String, [(String, String)]) -> Void

  package let level: LogLevel
  private let sink: Sink

  package init(level: LogLevel = .info, sink: @escaping Sink) {
    self.level = level
    self.sink = sink
  }

  /// Says nothing.
  package static let silent = Log(level: .error) { _, _, _ in }

  package func debug(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.debug, message(), fields)
  }

  package func info(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.info, message(), fields)
  }

  package func warning(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.warning, message(), fields)
  }

  package func error(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.error, message(), fields)
  }

  private func log(_ level: LogLevel, _ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String>) {
    guard level >= self.level else { return }
    sink(level, message(), fields.map { ($0.key, $0.value) })
  }
}
