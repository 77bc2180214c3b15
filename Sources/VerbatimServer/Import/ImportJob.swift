import HTTP
import VerbatimModel
import VerbatimStore

/// One import as it was asked for: finds where the lines go, and whether an earlier run is gone on with.
package struct ImportJob: Sendable {
  package struct Listeners: Sendable {
    package var onNotice: @Sendable (String) -> Void
    package var onBadLine: @Sendable (Importer.BadLine) -> Void
    package var onProgress: @Sendable (Importer.Summary, _ bytesRead: Int) -> Void

    package init(
      onNotice: @escaping @Sendable (String) -> Void, onBadLine: @escaping @Sendable (Importer.BadLine) -> Void,
      onProgress: @escaping @Sendable (Importer.Summary, _ bytesRead: Int) -> Void
    ) {
      self.onNotice = onNotice
      self.onBadLine = onBadLine
      self.onProgress = onProgress
    }
  }

  private let session: Session
  private let input: InputFile
  private let form: ImportForm
  private let server: String?
  private let resumes: Bool
  private let listeners: Listeners

  /// `server`: the URL to send to; nil writes into the database, or sends to the server that holds it.
  package init(
    _ session: Session, _ input: InputFile, form: ImportForm, server: String?, resumes: Bool, listeners: Listeners
  ) {
    self.session = session
    self.input = input
    self.form = form
    self.server = server
    self.resumes = resumes
    self.listeners = listeners
  }

  package func run() async throws -> Importer.Summary {
    if let server {
      return try await send(to: ServerDestination(url: server, key: session.configuration.clientKey))
    }
    let database = session.configuration.historyDatabase
    try database.prepareFolder()
    var configuration = session.storeConfiguration
    configuration.purpose = "import"
    let store: Store
    do {
      store = try await Store.open(configuration)
    } catch let holder as DatabaseHolder {
      guard let url = holder.url, !CompressedFileReader.isCompressed(input.name) else { throw holder }
      listeners.onNotice("\(database.name) is \(holder): importing through it")
      return try await send(to: ServerDestination(url: url, key: holder.token, client: .toHolder()))
    }
    if CompressedFileReader.isCompressed(input.name) { return try await restore(into: store) }
    return try await write(into: store, at: database.name)
  }

  /// What `verbatim partitions archive` made: the same exchanges again, with their ids and times.
  private func restore(into store: Store) async throws -> Importer.Summary {
    do {
      let summary = try await ArchiveFile(path: input.name).restore(into: store) { listeners.onProgress($0, 0) }
      try await store.sweepLeftovers()
      await store.close()
      return summary
    } catch {
      await store.close()
      throw error
    }
  }

  private func write(into store: Store, at name: String) async throws -> Importer.Summary {
    do {
      let summary = try await send(to: StoreDestination(store: store, name: name))
      await store.close()
      return summary
    } catch {
      await store.close()
      throw error
    }
  }

  private func send(to destination: some ImportDestination) async throws -> Importer.Summary {
    let keeper = input.isResumable ? PositionKeeper(besides: input.name, onNotice: listeners.onNotice) : nil
    let position = try resumes ? keeper?.position(for: destination.name) : nil
    let importer = Importer(
      to: destination, form: form, defaults: session.configuration.ingestDefaults, after: position,
      onBadLine: listeners.onBadLine, onProgress: listeners.onProgress,
      onPosition: { keeper?.keep($0) })
    let summary = try await importer.run(input)
    keeper?.remove()
    return summary
  }
}
