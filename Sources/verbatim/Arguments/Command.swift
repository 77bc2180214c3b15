import VerbatimServer

/// One line of the table of commands.
struct Command: Sendable {
  struct Operand: Sendable {
    let name: String
    let help: String
    var isOptional = false
  }

  struct Option: Sendable {
    let name: String
    /// nil for a switch.
    let placeholder: String?
    let help: String
  }

  let name: String
  /// One sentence.
  let summary: String
  let operands: [Operand]
  let options: [Option]
  /// Settings that help shows, by name; empty when the command reads none.
  let settings: [String]
  /// Gives the exit code.
  let run: @Sendable (Invocation) async throws -> Int32

  init(
    _ name: String, _ summary: String, operands: [Operand] = [], options: [Option] = [], settings: [String],
    run: @escaping @Sendable (Invocation) async throws -> Int32
  ) {
    self.name = name
    self.summary = summary
    self.operands = operands
    self.options = options
    self.settings = settings
    self.run = run
  }

  var takesSettings: Bool { !settings.isEmpty }

  static let all: [Command] = [
    serve, importExchanges, export, stats, keys, accounts, channels, audit, verify, partitions, search, reindex,
    migrate, reencrypt, copy, backup, restore,
  ]

  /// What commands beside `serve` need to know.
  static let storeSettings = ["MES_SQL_DSN", "SQL_DSN", "LOG_LEVEL", "LOG_FORMAT"]

  /// Of commands that record exchanges.
  static let redactionSettings = ["REDACTION", "REDACTION_APPS", "REDACTION_RULES", "CONTENT_KEYS_FILE"]
}
