/// What is done with sensitive text of an app's exchanges before they are recorded.
package enum RedactionMode: String, Sendable, CaseIterable {
  case off
  /// `[email]` stands where an address stood.
  case mask
  /// `[email:d8f3…]`: equal values can be told to be equal, with the key alone.
  case hash
}

/// Which apps are redacted how, as the operator decided.
package struct RedactionPolicy: Sendable {
  /// Of apps that `apps` does not name.
  package var standard = RedactionMode.off
  package var apps: [String: RedactionMode] = [:]
  package var rules: [RedactionRule] = []
  /// Of the hashes; nil: made once for the history and kept with it.
  package var key: [UInt8]?

  package init() {}

  package var isOff: Bool { modes.allSatisfy { $0 == .off } }

  package var hashes: Bool { modes.contains(.hash) }

  private var modes: [RedactionMode] { [standard] + apps.values }

  package func mode(of app: String) -> RedactionMode { apps[app] ?? standard }
}
