import VerbatimStore

/// Where exchanges wait while a server's history cannot be reached.
package struct JournalLocation: Sendable, Equatable {
  package static let standardPath = "./data/journal.db"

  package var path = standardPath
  /// 0: there is no journal.
  package var maximumBytes = 1 << 30

  /// nil where there is to be none.
  package var configuration: JournalConfiguration? {
    maximumBytes > 0 ? JournalConfiguration(path: path, maximumBytes: maximumBytes) : nil
  }
}
