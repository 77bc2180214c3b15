import CCurl
import Synchronization

/// One request, its libcurl handle, and what has come of its answer and was not read yet.
///
/// `@unchecked Sendable`: `handle`, `head` and `lastArrival` belong to the loop's thread from `start` on; everything
/// between it and the reader lies in `mailbox`.
final class Transfer: @unchecked Sendable {
  private enum Wish { case head, part }

  private struct Mailbox {
    var head: AnswerHead?
    var bytes: [UInt8] = []
    /// Whether the connection is not read until there is room.
    var isPaused = false
    var ending: Result<Void, any Error>?
    var waiter: (wish: Wish, continuation: UnsafeContinuation<Void, Never>)?

    func has(_ wish: Wish) -> Bool {
      if ending != nil { return true }
      return wish == .head ? head != nil : !bytes.isEmpty
    }
  }

  /// How much may wait for its reader.
  private static let room = 64 << 10

  let handle: UnsafeMutableRawPointer
  let isCancelled = Atomic(false)
  /// When something last came, or the reader made room.
  var lastArrival = ContinuousClock.now
  let timeouts: OutgoingRequest.Timeouts
  private(set) var head = AnswerHead()
  private let loop: TransferLoop
  private let message: UnsafeMutablePointer<CChar>
  private var fieldList: UnsafeMutablePointer<curl_slist>?
  private let mailbox = Mutex(Mailbox())

  init(
    _ request: OutgoingRequest, configuration: HTTPClient.Configuration, on loop: TransferLoop
  ) throws(HTTPClientError) {
    try request.check()
    guard Self.libraryIsReady, let handle = curl_easy_init() else {
      throw HTTPClientError(.broken, "libcurl cannot be set up")
    }
    self.handle = handle
    self.loop = loop
    timeouts = request.timeouts
    message = .allocate(capacity: Int(CURL_ERROR_SIZE))
    message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try TransferSetup(handle, message, context: Unmanaged.passUnretained(self).toOpaque())
      .configure(request, configuration, &fieldList)
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(fieldList)
    message.deallocate()
  }

  // Once in a process, before anything else.
  private static let libraryIsReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

// MARK: - The reader's side

extension Transfer {
  func awaitHead() async throws -> AnswerHead {
    await wait(for: .head)
    return try mailbox.withLock { mailbox in
      if let head = mailbox.head { return head }
      try mailbox.ending?.get()
      throw HTTPClientError(.broken, "the answer ends within its head")
    }
  }

  func next() async throws -> [UInt8]? {
    await wait(for: .part)
    let (bytes, ending, wasPaused) = mailbox.withLock { mailbox in
      defer { mailbox.bytes = [] }
      return (mailbox.bytes, mailbox.ending, mailbox.isPaused)
    }
    if wasPaused { loop.goOn(self) }
    if !bytes.isEmpty { return bytes }
    try ending?.get()
    return nil
  }

  var hasPart: Bool { mailbox.withLock { $0.has(.part) } }

  var isOver: Bool { mailbox.withLock { $0.ending != nil } }

  func cancel() {
    guard mailbox.withLock({ $0.ending == nil }) else { return }
    loop.cancel(self)
  }

  private func wait(for wish: Wish) async {
    guard !mailbox.withLock({ $0.has(wish) }) else { return }
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let isThere = mailbox.withLock { mailbox in
        if mailbox.has(wish) { return true }
        mailbox.waiter = (wish, continuation)
        return false
      }
      if isThere { continuation.resume() }
    }
  }
}

// MARK: - On the loop's thread

extension Transfer {
  /// False where the head is too large.
  func receiveHead(_ line: UnsafeRawBufferPointer) -> Bool {
    let wasWhole = head.isWhole
    guard head.take(line) else { return false }
    if head.isWhole, !wasWhole {
      mailbox.withLock { $0.head = head }
      loop.noteArrival(for: self)
    }
    return true
  }

  /// Takes a part of the answer, or nothing of it where there is no room.
  func receive(_ part: UnsafeRawBufferPointer) -> Bool {
    let isTaken = mailbox.withLock { mailbox in
      guard mailbox.bytes.isEmpty || mailbox.bytes.count + part.count <= Self.room else {
        mailbox.isPaused = true
        return false
      }
      mailbox.bytes.append(contentsOf: part)
      return true
    }
    if isTaken { loop.noteArrival(for: self) }
    return isTaken
  }

  /// There is room again. Before this a pause is none of the upstream's.
  func resume(at now: ContinuousClock.Instant) {
    lastArrival = now
    mailbox.withLock { $0.isPaused = false }
    // What libcurl kept back comes from within this call.
    curl_easy_pause(handle, CURLPAUSE_RECV_CONT)
  }

  /// Lets the reader go on, where what it waits for has come.
  func wakeReader() {
    let waiter = mailbox.withLock { mailbox in
      guard let waiter = mailbox.waiter, mailbox.has(waiter.wish) else {
        return nil as UnsafeContinuation<Void, Never>?
      }
      mailbox.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }

  func end(_ ending: Result<Void, any Error>) {
    mailbox.withLock { mailbox in
      if mailbox.ending == nil { mailbox.ending = ending }
    }
    wakeReader()
  }

  /// What it has waited for longer than it should, if anything.
  func overdue(at now: ContinuousClock.Instant) -> HTTPClientError? {
    let waited = lastArrival.duration(to: now)
    guard head.isWhole else {
      guard let limit = timeouts.firstByte, waited > limit else { return nil }
      return HTTPClientError(.firstByteTimedOut, "no answer came within \(limit)")
    }
    guard let limit = timeouts.idle, waited > limit, !mailbox.withLock({ $0.isPaused }) else { return nil }
    return HTTPClientError(.idleTimedOut, "the answer stopped for \(limit)")
  }

  /// What libcurl's `code` says of the whole.
  func result(_ code: CURLcode) -> Result<Void, any Error> {
    guard code == CURLE_OK else {
      let detail = message.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: message)
      return .failure(HTTPClientError(kind(of: code), detail))
    }
    // libcurl takes a connection that ends within the head for the end of the answer.
    guard head.isWhole else { return .failure(HTTPClientError(.broken, "the answer ends within its head")) }
    return .success(())
  }

  private func kind(of code: CURLcode) -> HTTPClientError.Kind {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT: return .cannotConnect
    case CURLE_OPERATION_TIMEDOUT: return wasConnected ? .timedOut : .connectTimedOut
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED,
      CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
      return .tls
    case CURLE_URL_MALFORMAT: return .invalidRequest
    default: return .broken
    }
  }

  private var wasConnected: Bool {
    var microseconds: curl_off_t = 0
    return curl_get_size(handle, CURLINFO_PRETRANSFER_TIME_T, &microseconds) == CURLE_OK && microseconds > 0
  }
}
