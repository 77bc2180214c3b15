import Dispatch
import Glibc
import VerbatimServer

extension Command {
  static let serve = Command(
    "serve", "Run the server until SIGTERM or SIGINT.", settings: Settings.all.map(\.name)
  ) { invocation in
    let session = try Session(arguments: invocation.settings, isTool: false)
    try session.configuration.checkForServing()
    let output = session.output
    defer { output.flush() }
    session.logSettings()
    let signals = Signals(onSecond: { output.flush() })
    let service = Service(configuration: session.configuration, log: session.log)
    let limit = session.configuration.server.drainTimeout
    try await service.run(onListening: { Terminal.print("Verbatim listens on \($0)") }) {
      let reason = await signals.first()
      if reason != nil { Deadline.endProcess(after: limit + .seconds(5), flushing: output) }
      return reason
    }
    return 0
  }
}

/// The end of a drain that does not end by itself.
private enum Deadline {
  static func endProcess(after limit: Duration, flushing output: LogOutput) {
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(limit.components.seconds))) {
      output.write(level: .error, message: "Draining took too long", fields: [], isUrgent: true)
      output.flush()
      _exit(1)
    }
  }
}
