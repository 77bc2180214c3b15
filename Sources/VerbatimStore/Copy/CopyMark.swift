import Databases

/// What a copy leaves in the target's settings: whose copy it is, and how far it came.
struct CopyMark: Sendable, Equatable {
  enum State: Sendable, Equatable {
    case begun
    /// With the usage that was counted then: whoever records in the target afterwards changes it.
    case complete(usage: Contents)
  }

  static let table = "verbatim_settings"
  /// What a database keeps for itself: marks of copies, and when it last tried to write.
  static let filter: SQL =
    "name NOT IN ('copy_of', 'copy_state', 'copy_probe', 'last_write_check', 'maintenance_lease')"

  /// When the source was first started: it goes with the history wherever it is copied.
  let source: String
  let state: State

  init(source: String, state: State) {
    self.source = source
    self.state = state
  }

  /// nil for what no copy wrote.
  init?(source: String, state: String) {
    self.source = source
    let words: [Substring] = state.split(separator: " ")
    if words == ["begun"] {
      self.state = .begun
    } else if words.count == 3, words[0] == "complete", let rows = Int(words[1]),
      let checksum = UInt64(words[2], radix: 16)
    {
      self.state = .complete(usage: Contents(rows: rows, checksum: checksum))
    } else {
      return nil
    }
  }

  var stateText: String {
    switch state {
    case .begun: "begun"
    case .complete(let usage): "complete \(usage.rows) \(String(usage.checksum, radix: 16))"
    }
  }
}

extension Connection {
  /// nil where no copy was made into this database.
  func copyMark() throws -> CopyMark? {
    guard let source = try setting(.copyOf), let state = try setting(.copyState) else { return nil }
    return CopyMark(source: source, state: state)
  }

  func setCopyMark(_ mark: CopyMark) throws {
    try setSetting(.copyOf, to: mark.source)
    try setSetting(.copyState, to: mark.stateText)
  }

  /// A copy that was not finished has rows and no counters.
  func checkCopyIsWhole() throws {
    guard let mark = try copyMark(), mark.state == .begun else { return }
    throw StoreError.unusable(
      "the database holds a copy that was not finished; run the same verbatim copy again, it goes on")
  }
}
