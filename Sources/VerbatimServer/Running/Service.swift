import Glibc
import HTTP
import VerbatimModel
import VerbatimStore

/// A running server: the store, then the socket; closed in the opposite order, when whatever was running has been
/// answered and committed.
package struct Service: Sendable {
  private let configuration: Configuration
  private let log: Log
  /// A second apart.
  private static let openingAttempts = 20

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
    var storeConfiguration = configuration.store(log: log)
    storeConfiguration.purpose = "server"
    storeConfiguration.replica = configuration.readDatabase?.engine
    storeConfiguration.replicaMaximumLag = configuration.replicaMaximumLag
    // A file is on this machine itself.
    if configuration.historyDatabase.engine.file == nil, let journal = configuration.journal.configuration {
      try configuration.journal.prepareFolder()
      storeConfiguration.journal = journal
    }
    let store = try await open(storeConfiguration)
    do {
      let server = try makeServer(store)
      let url = self.url(port: server.port)
      try store.announce(url: url)
      log.info("Listening", ["url": url, "database": configuration.historyDatabase.name])
      onListening(url)
      try await serve(server, on: store, untilStopped: untilStopped)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
    log.info("Stopped")
  }

  /// Waits a while for a database server that starts at the same time.
  private func open(_ store: Store.Configuration) async throws -> Store {
    var attempt = 1
    while true {
      do {
        return try await Store.open(store)
      } catch StoreError.unavailable(let reason, let pause) where attempt < Self.openingAttempts {
        log.warning("MES history database cannot be reached; trying again", ["reason": reason])
        try await Task.sleep(for: pause)
        attempt += 1
      }
    }
  }

  private func makeServer(_ store: Store) throws -> HTTPServer {
    let application = Application(store: store, configuration: configuration, log: log)
    return try HTTPServer(
      configuration: configuration.server,
      handler: { request in await application.respond(to: request) },
      refusal: { refusal in application.answer(to: refusal) })
  }

  /// One group owns all that runs: the first part to end stops the others.
  private func serve(
    _ server: HTTPServer, on store: Store, untilStopped: @escaping @Sendable () async -> String?
  ) async throws {
    let log = log
    let limit = configuration.server.drainTimeout
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      group.addTask { await store.maintain() }
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
