extension Settings {
  static let audit: [Setting] = [
    Setting(
      "AUDIT_RETENTION_DAYS", "--audit-retention-days", "DAYS", standard: "0",
      "Remove rows of the audit trail that are older than this many days; 0 keeps all."
    ) { text, configuration throws(SettingError) in
      configuration.auditRetentionDays = try Value.retention(text)
    }
  ]
}
