import Databases
import VerbatimModel

extension MainStore {
  /// All that are not deleted, by id, with their keys. One whose key cannot be opened comes without it.
  package func channels() async throws -> [Channel] {
    let secrets: ChannelSecrets = secrets
    let log: Log = log
    return try await read { connection in
      try connection.query(
        """
        SELECT \(unsafeSQL: ChannelRow.columns)
        FROM verbatim_channels
        WHERE status <> 'deleted'
        ORDER BY id
        """
      ) { row in try ChannelRow.channel(row, opening: secrets, log: log) }
    }
  }

  /// The channel with its id; nil where another has this name.
  package func createChannel(_ new: Channel) async throws -> Channel? {
    let now: Int64 = clock()
    let secrets: ChannelSecrets = secrets
    return try await write { connection in
      // First, since it makes others wait, so that no two take the same number.
      try connection.moveChannelRevision()
      guard try connection.channelID(named: new.name) == nil else { return nil }
      var channel = new
      let last: Int64? = try connection.first("SELECT MAX(id) FROM verbatim_channels") { $0.optionalInteger(0) } ?? nil
      channel.id = (last ?? 0) + 1
      (channel.createdAt, channel.updatedAt) = (now, now)
      let sealed = try secrets.sealed(channel)
      try connection.insert(ChannelRow.insert, rows: 1) { _, binds in
        ChannelRow.bind(channel, sealed, to: binds)
      }
      return channel
    }
  }

  /// Changes a channel; nil where there is none. Throws `StoreError.rejected` for a name that another has.
  package func changeChannel(
    _ id: Int64, _ change: @escaping @Sendable (inout Channel) -> Void
  ) async throws -> Channel? {
    let now: Int64 = clock()
    let (secrets, log) = (secrets, log)
    return try await write { connection in
      try connection.moveChannelRevision()
      let found: Channel? = try connection.first(
        "SELECT \(unsafeSQL: ChannelRow.columns) FROM verbatim_channels WHERE id = \(id) AND status <> 'deleted'"
      ) { row in try ChannelRow.channel(row, opening: secrets, log: log) }
      guard var channel = found else { return nil }
      change(&channel)
      channel.updatedAt = now
      if let other = try connection.channelID(named: channel.name), other != id {
        throw StoreError.rejected(field: "name", reason: "is that of another channel")
      }
      try connection.update(channel, try secrets.sealed(channel))
      return channel
    }
  }

  /// The channel as it was; nil where there is none. Its number stays taken, since exchanges bear it; its key goes.
  package func deleteChannel(_ id: Int64) async throws -> Channel? {
    let now: Int64 = clock()
    let (secrets, log) = (secrets, log)
    return try await write { connection in
      try connection.moveChannelRevision()
      let found: Channel? = try connection.first(
        "SELECT \(unsafeSQL: ChannelRow.columns) FROM verbatim_channels WHERE id = \(id) AND status <> 'deleted'"
      ) { row in try ChannelRow.channel(row, opening: secrets, log: log) }
      guard let found else { return nil }
      try connection.execute(
        """
        UPDATE verbatim_channels
        SET status = 'deleted', secrets = NULL, updated_at = \(now)
        WHERE id = \(id)
        """)
      return found
    }
  }

  /// Moves with every change of a channel, by whichever process.
  package func channelRevision() async throws -> Int64 {
    do {
      return try await database.read { connection in
        try connection.first("SELECT revision FROM verbatim_access_revision WHERE id = 2") { $0.integer(0) } ?? 0
      }
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw StoreError(error)
    }
  }
}

extension Connection {
  func initializeChannelRevision() throws {
    let columns: [BulkInsert.Column] = [.init("id", .integer), .init("revision", .integer)]
    let insert = BulkInsert(into: "verbatim_access_revision", columns, onConflict: .keep(key: ["id"]))
    try self.insert(insert, rows: 1) { _, binds in
      binds.integer(2)
      binds.integer(0)
    }
  }

  fileprivate func moveChannelRevision() throws {
    try execute("UPDATE verbatim_access_revision SET revision = revision + 1 WHERE id = 2")
  }

  fileprivate func channelID(named name: String) throws -> Int64? {
    try first("SELECT id FROM verbatim_channels WHERE name = \(name) AND status <> 'deleted'") { $0.integer(0) }
  }

  fileprivate func update(_ channel: Channel, _ sealed: [UInt8]) throws {
    try execute(
      """
      UPDATE verbatim_channels
      SET name = \(channel.name), dialect = \(channel.dialect.rawValue), base_url = \(channel.baseURL),
        secrets = \(sealed), models = \(ChannelRow.object(channel.models)), priority = \(channel.priority),
        weight = \(channel.weight), connect_timeout = \(channel.connectTimeout.wholeMilliseconds),
        first_byte_timeout = \(channel.firstByteTimeout.wholeMilliseconds),
        idle_timeout = \(channel.idleTimeout.wholeMilliseconds), http_version = \(channel.usesHTTP2 ? 2 : 1),
        include_usage = \(channel.usage.rawValue), status = \(channel.status.rawValue),
        updated_at = \(channel.updatedAt)
      WHERE id = \(channel.id)
      """)
  }
}
