extension Migration {
  /// Of the main database, in order of their versions.
  static let main: [Migration] = [.access, .audit, .auditTails, .keyLimits, .channels, .jobs]

  /// Who is who, and what opens the door.
  static let access = Migration(
    version: 1, name: "accounts and keys",
    reversal: .script(
      """
      DROP TABLE IF EXISTS verbatim_keys;
      DROP TABLE IF EXISTS verbatim_access_revision;
      DROP TABLE IF EXISTS verbatim_accounts;
      """,
      loses: "accounts, and all keys, which nobody can make again"),
    tables: ["verbatim_accounts", "verbatim_keys", "verbatim_access_revision"], steps: { $0.schema.access($0) })

  /// Who did what.
  static let audit = Migration(
    version: 2, name: "audit trail",
    reversal: .script("DROP TABLE IF EXISTS verbatim_audit", loses: "the audit trail"), tables: ["verbatim_audit"],
    steps: { $0.schema.audit($0) })

  /// An index of the audit trail that grows in few places: reads add many rows, each of another conversation.
  static let auditTails = Migration(
    version: 3, name: "audit trail by conversation", reversal: .steps { $0.schema.withoutAuditTails($0) }, tables: [],
    steps: { $0.schema.auditTails($0) })

  /// Limits and numbers of keys, and which of them changed lately.
  static let keyLimits = Migration(
    version: 4, name: "limits of keys",
    reversal: .steps({ $0.schema.withoutKeyLimits($0) }, loses: "limits and numbers of keys"),
    tables: ["verbatim_access_changes"], steps: { $0.schema.keyLimits($0) })

  /// Which upstreams calls to models go to.
  static let channels = Migration(
    version: 5, name: "channels",
    reversal: .script("DROP TABLE IF EXISTS verbatim_channels", loses: "channels, and their keys"),
    tables: ["verbatim_channels"], steps: { $0.schema.channels($0) })

  /// Exports in the background.
  static let jobs = Migration(
    version: 6, name: "jobs",
    reversal: .script("DROP TABLE IF EXISTS verbatim_jobs", loses: "exports that are made in the background"),
    tables: ["verbatim_jobs"], steps: { $0.schema.jobs($0) })
}
