import HTTP
import VerbatimModel
import VerbatimStore

/// One background export on its way into its file.
struct ExportJobWriting {
  /// A lease is renewed at least as often.
  private static let markInterval: Duration = .seconds(5)
  private static let partSize = 1 << 20

  let stores: OpenStores
  let query: ExportJobQuery
  let file: ExportJobFile
  let folder: ExportFolder
  let holder: String
  let markBytes: Int
  let onMark: @Sendable (ExportJob.Mark) async throws -> Void

  /// Writes from the job's mark on; gives the job with everything that is known of the whole file, which is on disk then.
  /// nil: it is somebody else's now, or was removed.
  func run(_ job: ExportJob) async throws -> ExportJob? {
    var job = job
    if try await !file.cut(to: Int(job.mark.bytes)) {
      // Another machine's file is not here: from the beginning then, up to the same end.
      job.mark = ExportJob.Mark()
      _ = try await file.cut(to: 0)
    }
    guard try await write(&job) else { return nil }
    job.checksum = try await checksum(of: job)
    return job.checksum == nil ? nil : job
  }

  /// Answers whether the job is still ours when all is written.
  private func write(_ job: inout ExportJob) async throws -> Bool {
    let encoder = query.export.encoder()
    var output = ExportJobOutput(file, compression: query.compression)
    var (place, count) = (job.mark.place, Int(job.mark.exchanges))
    let isNew = job.mark == ExportJob.Mark()
    if isNew { try await output.put(encoder.beginning()) }
    // A mark without a place behind the beginning is that of the end.
    var isWhole = !isNew && place == nil
    var marked = ContinuousClock.now
    while !isWhole {
      try Task.checkCancellation()
      let page = try await stores.history.exportPage(query.export.selection, from: place)
      try await output.put(encoder.encode(page.exchanges, after: count))
      (place, count) = (page.next, count + page.exchanges.count)
      isWhole = place == nil
      if isWhole { try await output.put(encoder.end(after: count)) }
      let isDue = output.unmarkedBytes >= markBytes || marked.duration(to: .now) >= Self.markInterval
      guard isWhole || isDue else { continue }
      try folder.checkRoom()
      job.mark.bytes += Int64(try await output.sync())
      (job.mark.place, job.mark.exchanges) = (place, Int64(count))
      guard try await stores.main.keep(job, for: holder) else { return false }
      try await onMark(job.mark)
      marked = .now
    }
    return true
  }

  /// Of the whole file; nil where the job is not ours any more.
  private func checksum(of job: ExportJob) async throws -> String? {
    let checksum = try RunningChecksum()
    var offset = 0
    var renewed = ContinuousClock.now
    while true {
      let part = try await file.read(at: offset, count: Self.partSize)
      if part.isEmpty { return try checksum.finish() }
      try checksum.add(part)
      offset += part.count
      guard renewed.duration(to: .now) >= Self.markInterval else { continue }
      guard try await stores.main.keep(job, for: holder) else { return nil }
      renewed = .now
    }
  }
}

/// The bytes of an export on their way to its file. Compressed ones are a gzip member or a zstd frame from each mark to
/// the next, so that the file can be cut back to any of them.
private struct ExportJobOutput {
  private let file: ExportJobFile
  private let compression: ResponseCoding?
  private var encoder: (any ContentEncoder)?
  /// In the file since the last mark.
  private(set) var unmarkedBytes = 0

  init(_ file: ExportJobFile, compression: ResponseCoding?) {
    self.file = file
    self.compression = compression
  }

  mutating func put(_ bytes: [UInt8]) async throws {
    guard let compression else { return try await write(bytes) }
    let encoder = try self.encoder ?? compression.makeEncoder()
    self.encoder = encoder
    try await write(try encoder.encode(bytes, isLast: false))
  }

  /// Everything is on disk afterwards; answers how many bytes that is since the last time.
  mutating func sync() async throws -> Int {
    if let encoder { try await write(try encoder.encode([], isLast: true)) }
    encoder = nil
    try await file.sync()
    defer { unmarkedBytes = 0 }
    return unmarkedBytes
  }

  private mutating func write(_ bytes: [UInt8]) async throws {
    guard !bytes.isEmpty else { return }
    try await file.write(bytes)
    unmarkedBytes += bytes.count
  }
}
