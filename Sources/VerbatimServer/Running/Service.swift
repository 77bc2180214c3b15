import Databases
import Glibc
import HTTP
import Redis
import Threads
import VerbatimModel
import VerbatimStore

/// A running server: the store, then the socket; closed in the opposite order, when whatever was running has been
/// answered and committed.
package struct Service: Sendable {
  private let configuration: Configuration
  private let log: Log

  package init(configuration: Configuration, log: Log) {
    self.configuration = configuration
    self.log = log
  }

  /// Serves until `untilStopped` returns, which gives the reason, then drains. `onListening` hears the server's URL.
  package func run(
    onListening: @escaping @Sendable (String) -> Void, untilStopped: @escaping @Sendable () async -> String?
  ) async throws {
    Memory.returnLargeBlocks()
    try configuration.historyDatabase.prepareFolder()
    try configuration.mainDatabase.prepareFolder()
    var storeConfiguration = configuration.store(log: log)
    storeConfiguration.purpose = "server"
    storeConfiguration.replica = configuration.readDatabase?.engine
    storeConfiguration.replicaMaximumLag = configuration.replicaMaximumLag
    // A file is on this machine itself.
    if configuration.historyDatabase.engine.file == nil, let journal = configuration.journal.configuration {
      try configuration.journal.prepareFolder()
      storeConfiguration.journal = journal
    }
    var mainConfiguration = configuration.main(log: log)
    mainConfiguration.purpose = storeConfiguration.purpose
    let stores = try await OpenStores.open(storeConfiguration, mainConfiguration, waits: true)
    let token = KeySecret()
    do {
      try await checkKeys(stores.main)
      let redis = try await connectToRedis()
      let application = Application(
        stores: stores, configuration: configuration, limiter: RateLimiter(redis: redis, log: log),
        answers: AnswerCache(configuration.chat, redis: redis, keys: configuration.contentKeys, log: log), log: log,
        commandLineToken: token)
      let server = try makeServer(application)
      let url = self.url(port: server.port)
      try stores.announce(url: url, token: token.text)
      log.info("Listening", ["url": url, "database": configuration.historyDatabase.name])
      onListening(url)
      try await serve(server, application, on: stores, untilStopped: untilStopped)
      // Answers whose clients have gone are recorded as far as they came.
      await patiently { await application.calls.stop() }
      // What was read while the last requests were answered, and which keys were used.
      await patiently {
        await application.trail.flush()
        await application.keys.writeUses()
      }
    } catch {
      await stores.close()
      throw error
    }
    await stores.close()
    log.info("Stopped")
  }

  /// How long a database server that hangs may hold up the end.
  private static let patience = Duration.seconds(20)

  private func patiently(_ work: @escaping @Sendable () async -> Void) async {
    do {
      try await Patience(Self.patience).result { await work() }
    } catch {
      log.warning("Stopping without what is still to be written", ["error": "\(error)"])
    }
  }

  /// Redis need not be there.
  private func connectToRedis() async throws -> RedisClient? {
    guard let address = configuration.redis else { return nil }
    return try await RedisClient.connect(to: address, timeout: configuration.redisTimeout)
  }

  /// Refuses to ask for keys of which there is none.
  private func checkKeys(_ main: MainStore) async throws {
    guard configuration.asksForKeys, try await !main.hasGoodKey() else { return }
    let reason = configuration.authentication == .on ? "AUTH=on" : "API_HOST=\(configuration.host)"
    throw ConfigurationError(
      "\(reason) lets in only who has a key, and \(configuration.mainDatabase.name) holds none; type: "
        + "verbatim keys create --name NAME --database \(Self.argument(configuration.mainDatabase)) "
        + "(AUTH=off would let in everyone who reaches \(configuration.host))")
  }

  /// What to type for a database; a server's may have a password, which the environment knows.
  private static func argument(_ database: DatabaseLocation) -> String {
    database.engine.file.map(\.path) ?? "\"$SQL_DSN\""
  }

  private func makeServer(_ application: Application) throws -> HTTPServer {
    try HTTPServer(
      configuration: configuration.server, executor: ContinuingExecutor(),
      handler: { request in await application.respond(to: request) },
      refusal: { refusal in application.answer(to: refusal) })
  }

  /// One group owns all that runs: the first part to end stops the others.
  private func serve(
    _ server: HTTPServer, _ application: Application, on stores: OpenStores,
    untilStopped: @escaping @Sendable () async -> String?
  ) async throws {
    let log = log
    let limit = configuration.server.drainTimeout
    let expiry = configuration.expiry
    let indexes = configuration.buildsSearchIndex
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      group.addTask { await stores.history.maintain() }
      if indexes { group.addTask { try await SearchIndexer(stores.history).run() } }
      group.addTask { await application.trail.run() }
      if expiry.isOn {
        let job = ExpiryJob(expiry, on: stores.history, trail: application.trail, log: log)
        group.addTask { await job.run() }
      }
      let worker = ExportWorker(
        stores, configuration.exportFolder, keptHours: configuration.exportFilesHours, log: log)
      group.addTask { await worker.run() }
      group.addTask { await application.keys.run() }
      group.addTask { await application.channels.run() }
      group.addTask { await application.reencryption.run() }
      group.addTask {
        guard let reason = await untilStopped() else { return }
        log.info("Draining", ["reason": reason, "limit": "\(limit)"])
      }
      defer { group.cancelAll() }
      try await group.next()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  private func url(port: Int) -> String {
    let scheme = configuration.server.tlsCertificatePath == nil ? "http" : "https"
    return "\(scheme)://\(HostAddress.forURL(configuration.host)):\(port)"
  }
}

extension DatabaseLocation {
  /// Makes the folder of the default database; a folder that somebody named must be there already, or a slip of the pen
  /// would begin an empty history. Does nothing for a server.
  package func prepareFolder() throws {
    guard let path = engine.file?.path else { return }
    try FilePath.prepareFolder(of: path, isMade: isStandard)
  }
}

extension JournalLocation {
  /// Likewise: the folder of the default journal is made, any other must be there.
  fileprivate func prepareFolder() throws {
    try FilePath.prepareFolder(of: path, isMade: path == Self.standardPath)
  }
}

extension FilePath {
  fileprivate static func prepareFolder(of path: String, isMade: Bool) throws {
    let (folder, _) = split(path)
    if isMade, mkdir(folder, 0o755) != 0, errno != EEXIST { throw FileError("make the folder", folder) }
    if access(folder, W_OK | X_OK) != 0 { throw FileError("write to the folder", folder) }
  }
}
