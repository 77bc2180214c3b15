import Databases

/// A database server and another that follows it by the engine's own replication.
package enum ReplicatedServer: Sendable {
  case postgreSQL(primary: PostgreSQLServer, standby: PostgreSQLServer)
  case mariaDB(primary: MariaDBServer, replica: MariaDBServer)

  /// The engines that have one.
  package enum Kind: String, Sendable, CaseIterable, CustomStringConvertible {
    case postgreSQL = "on PostgreSQL"
    case mariaDB = "on MariaDB"

    package var description: String { rawValue }
  }

  /// Starts both, runs `body`, stops both.
  package static func with<Result>(
    _ kind: Kind, _ body: (ReplicatedServer) async throws -> Result
  ) async throws -> Result {
    let servers = try await start(kind)
    do {
      let result = try await body(servers)
      try await servers.stop()
      return result
    } catch {
      try await servers.stop()
      throw error
    }
  }

  private static func start(_ kind: Kind) async throws -> ReplicatedServer {
    switch kind {
    case .postgreSQL:
      let primary = try await PostgreSQLServer.start()
      _ = try await primary.run("CREATE DATABASE history")
      return .postgreSQL(primary: primary, standby: try await primary.startStandby())
    case .mariaDB:
      let primary = try await MariaDBServer.start(options("--server-id=1", "--log-bin=log", "--sync-binlog=1"))
      let replica = try await MariaDBServer.start(options("--server-id=2"))
      try await replica.run(
        """
        CHANGE MASTER TO master_host = '127.0.0.1', master_port = \(primary.port),
          master_user = '\(MariaDBServer.user)', master_password = '\(MariaDBServer.password)',
          master_use_gtid = slave_pos;
        START SLAVE
        """)
      try await primary.run("CREATE DATABASE history CHARACTER SET utf8mb4")
      return .mariaDB(primary: primary, replica: replica)
    }
  }

  private static func options(_ arguments: String...) -> MariaDBServer.Options {
    var options = MariaDBServer.Options()
    options.arguments = arguments
    return options
  }

  private func stop() async throws {
    switch self {
    case .postgreSQL(let primary, let standby):
      try await standby.stop()
      try await primary.stop()
    case .mariaDB(let primary, let replica):
      try await replica.stop()
      try await primary.stop()
    }
  }

  package var primary: Engine {
    switch self {
    case .postgreSQL(let primary, _): .postgres(primary.address(database: "history"))
    case .mariaDB(let primary, _): .mysql(primary.address(database: "history"))
    }
  }

  package var replica: Engine {
    switch self {
    case .postgreSQL(_, let standby): .postgres(standby.address(database: "history"))
    case .mariaDB(_, let replica): .mysql(replica.address(database: "history"))
    }
  }

  /// From its return on the replica takes over nothing, until `resume`.
  package func pause() async throws {
    switch self {
    case .postgreSQL(_, let standby):
      try await standby.run("SELECT pg_wal_replay_pause()")
      while try await !standby.run("SELECT pg_get_wal_replay_pause_state()").hasPrefix("paused") {
        try await Task.sleep(for: .milliseconds(10))
      }
    case .mariaDB(_, let replica): try await replica.run("STOP SLAVE SQL_THREAD")
    }
  }

  package func resume() async throws {
    switch self {
    case .postgreSQL(_, let standby): try await standby.run("SELECT pg_wal_replay_resume()")
    case .mariaDB(_, let replica): try await replica.run("START SLAVE SQL_THREAD")
    }
  }

  /// Returns when the replica has what the primary has committed by now.
  package func catchUp() async throws {
    switch self {
    case .postgreSQL(let primary, let standby):
      let position = try await primary.run("SELECT pg_current_wal_lsn()").filter { !$0.isWhitespace }
      while try await !standby.run("SELECT pg_last_wal_replay_lsn() >= '\(position)'").hasPrefix("t") {
        try await Task.sleep(for: .milliseconds(10))
      }
    case .mariaDB(let primary, let replica):
      let position = try await primary.run("SELECT @@gtid_binlog_pos").filter { !$0.isWhitespace }
      try await replica.run("SELECT master_gtid_wait('\(position)', 60)")
    }
  }

  package func killPrimary() async throws {
    switch self {
    case .postgreSQL(let primary, _): try await primary.kill()
    case .mariaDB(let primary, _): try await primary.kill()
    }
  }

  package func startPrimary() async throws {
    switch self {
    case .postgreSQL(let primary, _): try await primary.start()
    case .mariaDB(let primary, _): try await primary.start()
    }
  }

  package func killReplica() async throws {
    switch self {
    case .postgreSQL(_, let standby): try await standby.kill()
    case .mariaDB(_, let replica): try await replica.kill()
    }
  }

  package func startReplica() async throws {
    switch self {
    case .postgreSQL(_, let standby): try await standby.start()
    case .mariaDB(_, let replica): try await replica.start()
    }
  }
}

extension PostgreSQLServer {
  /// A hot standby that follows this server by streaming replication.
  fileprivate func startStandby() async throws -> PostgreSQLServer {
    let standby = try PostgreSQLServer(hasTLS: false)
    try account.own(standby.folder.path)
    try await account.run(
      Self.binary("pg_basebackup"),
      [
        "--pgdata", standby.data, "--host", folder.path, "--port", "\(port)", "--username", Self.user,
        "--write-recovery-conf", "--checkpoint", "fast", "--wal-method", "stream", "--no-sync",
      ], in: standby.folder)
    try await standby.start()
    return standby
  }
}
