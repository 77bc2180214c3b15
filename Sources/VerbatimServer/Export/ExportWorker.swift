import HTTP
import VerbatimModel
import VerbatimStore

/// Makes the files of background exports, one after the other.
///
/// A mark is kept every few megabytes, after what it speaks of is on disk. Who takes a job up again cuts the file back to
/// the mark and goes on from there; what is written depends on nothing but the place, so the file is the same, byte for
/// byte (compressed ones: when decompressed), as one that was made in one go.
package struct ExportWorker: Sendable {
  private static let interval: Duration = .seconds(1)
  private static let tidyInterval: Duration = .seconds(60)
  /// Before a job is tried again that failed of something that may pass.
  private static let retryPause: Duration = .seconds(5)
  private static let hour: Int64 = 3_600_000

  private let stores: OpenStores
  private let folder: ExportFolder
  private let keptHours: Int
  private let markBytes: Int
  private let log: Log
  private let clock: @Sendable () -> Int64
  private let onMark: @Sendable (ExportJob.Mark) async throws -> Void
  /// What its leases say.
  private let name = UUIDv7.Generator(clock: UnixClock.milliseconds).next().description

  /// `markBytes`: how much is written between two marks, about; `onMark` hears of each, and stops the work by throwing.
  package init(
    _ stores: OpenStores, _ folder: ExportFolder, keptHours: Int, log: Log, markBytes: Int = 8 << 20,
    clock: @escaping @Sendable () -> Int64 = UnixClock.milliseconds,
    onMark: @escaping @Sendable (ExportJob.Mark) async throws -> Void = { _ in }
  ) {
    self.stores = stores
    self.folder = folder
    self.keptHours = keptHours
    self.log = log
    self.markBytes = markBytes
    self.clock = clock
    self.onMark = onMark
  }

  /// Works until it is cancelled.
  package func run() async {
    var tidied: ContinuousClock.Instant?
    while !Task.isCancelled {
      do {
        if tidied == nil { try await stores.main.endExportLeases() }
        if tidied.map({ $0.duration(to: .now) >= Self.tidyInterval }) ?? true {
          try await tidy()
          tidied = .now
        }
        while try await runOnce() {}
      } catch  where Task.isCancelled {
        return
      } catch {
        log.warning("MES background exports have to wait", ["error": "\(error)"])
      }
      // Cancelling ends the wait, and the loop then.
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Does one job to its end; answers whether there was one. Throws what may pass: the job is tried again then.
  @discardableResult package func runOnce() async throws -> Bool {
    guard let job = try await stores.main.takeExport(for: name) else { return false }
    do {
      try await work(job)
    } catch  where Self.mayPass(error) {
      await giveBack(job, after: error is StoreError ? Self.retryPause : .zero)
      throw error
    } catch {
      try await fail(job, error)
    }
    return true
  }

  /// Removes the files of jobs that were removed or have expired.
  package func tidy() async throws {
    var last: UUIDv7?
    while true {
      let removed = try await stores.main.removedExports(behind: last)
      for id in removed { remove(id) }
      guard let id = removed.last else { break }
      last = id
    }
    try await stores.main.forgetExports()
  }

  /// One that cannot be removed must not keep others from being made.
  private func remove(_ id: UUIDv7) {
    do {
      try folder.removeFiles(of: id)
    } catch {
      log.warning("MES the file of a background export stays", ["error": "\(error)"])
    }
  }

  private func work(_ job: ExportJob) async throws {
    var query = try ExportJobQuery(job.query, within: job.reach)
    try query.export.close(at: job.end)
    try folder.prepare()
    try folder.reopen(job.id)
    guard let file = try ExportJobFile.writing(folder.partialFile(of: job.id)) else {
      return await giveBack(job, after: Self.retryPause)
    }
    do {
      let writing = ExportJobWriting(
        stores: stores, query: query, file: file, folder: folder, holder: name, markBytes: markBytes, onMark: onMark)
      guard var done = try await writing.run(job) else { return try await giveUp(job) }
      try folder.finish(job.id)
      done.state = .done
      done.expiresAt = end
      if try await !stores.main.keep(done, for: name) { try await giveUp(job) }
    } catch  where !Self.mayPass(error) {
      // As long as nobody else can have the file; its room may be what is wanting.
      try folder.removeFiles(of: job.id)
      throw error
    }
  }

  private func fail(_ job: ExportJob, _ error: any Error) async throws {
    var job = job
    job.mark = ExportJob.Mark()
    job.state = .failed
    job.reason = Self.reason(of: error)
    job.expiresAt = end
    // One that was removed meanwhile may fail of that.
    guard try await stores.main.keep(job, for: name) else { return }
    log.error("MES background export failed", ["export_id": job.id.description, "error": "\(error)"])
  }

  /// A job that was removed leaves no file; one that somebody else has taken over is theirs.
  private func giveUp(_ job: ExportJob) async throws {
    let everywhere = Reach(account: nil)
    if try await stores.main.export(job.id, within: everywhere) == nil { try folder.removeFiles(of: job.id) }
  }

  /// Also where this task was cancelled, as when a server ends.
  private func giveBack(_ job: ExportJob, after pause: Duration) async {
    let given = await Task { try await stores.main.giveBack(job.id, of: name, after: pause) }.result
    if case .failure(let error) = given {
      log.warning("MES a background export waits for its lease to end", ["error": "\(error)"])
    }
  }

  private var end: Int64 { clock() + Int64(keptHours) * Self.hour }

  private static func mayPass(_ error: any Error) -> Bool {
    if case StoreError.unavailable = error { return true }
    return error is CancellationError || Task.isCancelled
  }

  /// For whoever asked for the export.
  private static func reason(of error: any Error) -> String {
    switch error {
    case let error as APIError: error.detail
    case let error as FileError: "the file cannot be written: \(error.reason)"
    case StoreError.unusable(let reason): reason
    default: "something unexpected failed; the server's log says what"
    }
  }
}
