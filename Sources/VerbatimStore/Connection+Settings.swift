import Databases

/// What the database itself remembers, in `verbatim_settings`.
enum StoredSetting: String {
  case partitionTimeZone = "partition_time_zone"
  case firstStartedAt = "first_started_at"
  case lastWriteCheck = "last_write_check"
  case lastPurgeSweep = "last_purge_sweep"
  case maintenanceLease = "maintenance_lease"
  case copyOf = "copy_of"
  case copyState = "copy_state"
  /// Of the hashes that stand for sensitive values, where the operator gives none.
  case redactionKey = "redaction_key"
  /// Of the hashes by which threads are found.
  case threadKey = "thread_key"
  case copyProbe = "copy_probe"
  /// Entries of the feed up to this number were deleted, since they named dropped days alone.
  case feedFloor = "feed_floor"
  /// Up to this number no transaction is under way.
  case feedSettled = "feed_settled"
  /// How far `reencrypt` has come.
  case reencryption
}

extension Connection {
  func setting(_ setting: StoredSetting) throws -> String? {
    try first("SELECT value FROM verbatim_settings WHERE name = \(setting.rawValue)") { $0.text(0) }
  }

  /// Leaves a value that is there as it is.
  func initializeSetting(_ setting: StoredSetting, to value: String) throws {
    try write(setting, value, onConflict: .keep(key: ["name"]))
  }

  func setSetting(_ setting: StoredSetting, to value: String) throws {
    try write(setting, value, onConflict: .update(key: ["name"], changes: [.init("value", .replace)]))
  }

  func removeSetting(_ setting: StoredSetting) throws {
    try execute("DELETE FROM verbatim_settings WHERE name = \(setting.rawValue)")
  }

  private func write(_ setting: StoredSetting, _ value: String, onConflict conflict: BulkInsert.Conflict) throws {
    let columns: [BulkInsert.Column] = [.init("name", .text), .init("value", .text)]
    try insert(BulkInsert(into: "verbatim_settings", columns, onConflict: conflict), rows: 1) { _, binds in
      binds.text(setting.rawValue)
      binds.text(value)
    }
  }
}
