import CCurl
import Glibc
import Synchronization

/// The thread that carries out transfers with libcurl's multi interface, told by epoll which sockets are ready: so a
/// part of one answer costs the same however many others wait.
///
/// `@unchecked Sendable`: everything but `inbox` and ringing the queue's bell belongs to the thread.
final class TransferLoop: @unchecked Sendable {
  private struct Inbox {
    var starting: [Transfer] = []
    var goingOn: [Transfer] = []
    var cancelled: [Transfer] = []
    var isStopping = false
    /// False once the thread takes nothing more.
    var isOpen = true
  }

  /// How often transfers are looked through for those that have waited for too long.
  private static let sweepPause: Duration = .milliseconds(100)

  private let multi: UnsafeMutableRawPointer
  private let queue: SocketQueue
  private let inbox = Mutex(Inbox())
  private var running: [UnsafeMutableRawPointer: Transfer] = [:]
  /// Those for whose readers something has come.
  private var arrived: [Transfer] = []
  /// When libcurl wants to be called whatever happens.
  private var timer: ContinuousClock.Instant?
  private var now = ContinuousClock.now
  private var nextSweep = ContinuousClock.now

  var isOpen: Bool { inbox.withLock { $0.isOpen } }

  init(maximumIdleConnections: Int) throws(HTTPClientError) {
    guard let multi = curl_multi_init() else { throw HTTPClientError(.broken, "libcurl cannot be set up") }
    guard let queue = SocketQueue(),
      curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maximumIdleConnections) == CURLM_OK
    else {
      curl_multi_cleanup(multi)
      throw HTTPClientError(.broken, "libcurl cannot be set up")
    }
    self.multi = multi
    self.queue = queue
    try startThread()
  }

  func start(_ transfer: Transfer) {
    let isTaken = tell { $0.starting.append(transfer) }
    if !isTaken { transfer.end(.failure(HTTPClientError(.broken, "the client has stopped"))) }
  }

  /// There is room for what comes again.
  func goOn(_ transfer: Transfer) { _ = tell { $0.goingOn.append(transfer) } }

  func cancel(_ transfer: Transfer) {
    transfer.isCancelled.store(true, ordering: .releasing)
    _ = tell { $0.cancelled.append(transfer) }
  }

  /// Ends the thread once what runs has ended.
  func stop() { _ = tell { $0.isStopping = true } }

  /// False where nobody listens any more. The bell is rung for the first word alone.
  private func tell(_ word: (inout Inbox) -> Void) -> Bool {
    inbox.withLock { inbox in
      guard inbox.isOpen else { return false }
      let isQuiet = inbox.starting.isEmpty && inbox.goingOn.isEmpty && inbox.cancelled.isEmpty && !inbox.isStopping
      word(&inbox)
      if isQuiet { queue.ring() }
      return true
    }
  }

  private func startThread() throws(HTTPClientError) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      curl_multi_cleanup(multi)
      throw HTTPClientError(.broken, "no thread for requests: " + String(cString: strerror(code)))
    }
    pthread_detach(thread)
  }
}

// MARK: - On the thread

extension TransferLoop {
  func noteArrival(for transfer: Transfer) {
    transfer.lastArrival = now
    arrived.append(transfer)
  }

  private func run() {
    blockSignals()
    var code = watchSockets()
    while code == CURLM_OK, takeInbox() {
      if let timer, timer <= now { code = act() }
      finishTransfers()
      wakeReaders()
      guard code == CURLM_OK else { break }
      queue.wait(milliseconds: pause()) { socket, flags in
        var active: Int32 = 0
        now = .now
        if code == CURLM_OK { code = curl_multi_socket_action(multi, socket, flags, &active) }
      }
      now = .now
      if !running.isEmpty, nextSweep <= now { sweep() }
    }
    close(reason: code)
  }

  /// SIGPIPE of a TLS connection that has gone would end the process; other signals are for its main thread.
  private func blockSignals() {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
  }

  // This object without a reference: the thread holds one until it ends.
  private func watchSockets() -> CURLMcode {
    curl_multi_set_watchers(
      multi,
      { _, socket, events, context, _ in
        guard let context else { return -1 }
        Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue().queue.watch(socket, for: events)
        return 0
      },
      { _, milliseconds, context in
        guard let context else { return -1 }
        let loop = Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue()
        loop.timer = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
        return 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Lets libcurl do what is due.
  private func act() -> CURLMcode {
    timer = nil
    var active: Int32 = 0
    return curl_multi_socket_action(multi, CURL_SOCKET_BAD, 0, &active)
  }

  /// How long to wait at most, in milliseconds; a wait may end early, but not before libcurl's timer.
  private func pause() -> Int32 {
    var next = running.isEmpty ? now + .seconds(60) : nextSweep
    if let timer { next = min(next, timer) }
    let (seconds, attoseconds) = ContinuousClock.now.duration(to: next).components
    return Int32(max(0, seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
  }

  /// False when there is nothing left to do ever.
  private func takeInbox() -> Bool {
    let taken = inbox.withLock { inbox in
      defer {
        inbox.starting = []
        inbox.goingOn = []
        inbox.cancelled = []
      }
      return inbox
    }
    now = .now
    for transfer in taken.starting { add(transfer) }
    for transfer in taken.goingOn where running[transfer.handle] != nil { transfer.resume(at: now) }
    for transfer in taken.cancelled where running[transfer.handle] != nil { drop(transfer, CancellationError()) }
    now = .now
    return !taken.isStopping || !running.isEmpty
  }

  private func add(_ transfer: Transfer) {
    guard !transfer.isCancelled.load(ordering: .acquiring) else {
      return transfer.end(.failure(CancellationError()))
    }
    let code = curl_multi_add_handle(multi, transfer.handle)
    guard code == CURLM_OK else {
      return transfer.end(.failure(HTTPClientError(.broken, String(cString: curl_multi_strerror(code)))))
    }
    if running.isEmpty { nextSweep = now + Self.sweepPause }
    transfer.lastArrival = now
    running[transfer.handle] = transfer
  }

  private func finishTransfers() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let transfer = running[message.pointee.easy_handle] else { continue }
      // Removing the handle frees the message.
      let result = transfer.result(curl_message_result(message))
      remove(transfer)
      transfer.end(result)
    }
  }

  private func wakeReaders() {
    for transfer in arrived { transfer.wakeReader() }
    arrived.removeAll(keepingCapacity: true)
  }

  private func sweep() {
    nextSweep = now + Self.sweepPause
    for transfer in Array(running.values) {
      if let error = transfer.overdue(at: now) { drop(transfer, error) }
    }
  }

  private func drop(_ transfer: Transfer, _ error: any Error) {
    remove(transfer)
    transfer.end(.failure(error))
  }

  private func remove(_ transfer: Transfer) {
    let code = curl_multi_remove_handle(multi, transfer.handle)
    assert(code == CURLM_OK, "a running transfer is in the multi handle")
    running[transfer.handle] = nil
  }

  private func close(reason: CURLMcode) {
    let unstarted = inbox.withLock { inbox in
      inbox.isOpen = false
      defer { inbox.starting.removeAll() }
      return inbox.starting
    }
    let error = HTTPClientError(.broken, String(cString: curl_multi_strerror(reason)))
    for transfer in Array(running.values) { drop(transfer, error) }
    for transfer in unstarted { transfer.end(.failure(error)) }
    curl_multi_cleanup(multi)
  }
}
