import CCurl
import Glibc
import Synchronization

/// The thread that carries out transfers with libcurl's multi interface.
///
/// `@unchecked Sendable`: `multi` and `running` belong to the thread, but for waking it, which libcurl allows to all
/// and which happens under `inbox` while it is open.
final class TransferLoop: @unchecked Sendable {
  private struct Inbox {
    var starting: [Transfer] = []
    var cancelled: [Transfer] = []
    var isStopping = false
    /// False once the thread takes nothing more.
    var isOpen = true
  }

  private let multi: UnsafeMutableRawPointer
  private let inbox = Mutex(Inbox())
  private var running: [UnsafeMutableRawPointer: Transfer] = [:]

  var isOpen: Bool { inbox.withLock { $0.isOpen } }

  init(maximumIdleConnections: Int) throws(HTTPClientError) {
    guard let multi = curl_multi_init() else { throw HTTPClientError(.broken, "libcurl cannot be set up") }
    self.multi = multi
    guard curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maximumIdleConnections) == CURLM_OK else {
      curl_multi_cleanup(multi)
      throw HTTPClientError(.broken, "libcurl cannot be set up")
    }
    try startThread()
  }

  func start(_ transfer: Transfer, completion: @escaping Transfer.Completion) {
    transfer.completion = completion
    let isTaken = inbox.withLock { inbox in
      guard inbox.isOpen else { return false }
      inbox.starting.append(transfer)
      wake()
      return true
    }
    if !isTaken { transfer.complete(.failure(HTTPClientError(.broken, "the client has stopped"))) }
  }

  func cancel(_ transfer: Transfer) {
    transfer.isCancelled.store(true, ordering: .releasing)
    inbox.withLock { inbox in
      guard inbox.isOpen else { return }
      inbox.cancelled.append(transfer)
      wake()
    }
  }

  /// Ends the thread once what runs has ended.
  func stop() {
    inbox.withLock { inbox in
      inbox.isStopping = true
      if inbox.isOpen { wake() }
    }
  }

  // It can fail only where the pipe to the thread is full, and then the thread is awake.
  private func wake() { _ = curl_multi_wakeup(multi) }

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
  private func run() {
    blockSignals()
    var code = CURLM_OK
    while code == CURLM_OK, takeInbox() {
      var active: Int32 = 0
      code = curl_multi_perform(multi, &active)
      finishTransfers()
      if code == CURLM_OK { code = curl_multi_poll(multi, nil, 0, 60_000, nil) }
    }
    close(reason: code)
  }

  /// SIGPIPE of a TLS connection that has gone would end the process; other signals are for its main thread.
  private func blockSignals() {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
  }

  /// False when there is nothing left to do ever.
  private func takeInbox() -> Bool {
    let taken = inbox.withLock { inbox in
      defer {
        inbox.starting = []
        inbox.cancelled = []
      }
      return inbox
    }
    for transfer in taken.starting { add(transfer) }
    for transfer in taken.cancelled where running[transfer.handle] != nil {
      remove(transfer)
      transfer.complete(.failure(CancellationError()))
    }
    return !taken.isStopping || !running.isEmpty
  }

  private func add(_ transfer: Transfer) {
    guard !transfer.isCancelled.load(ordering: .acquiring) else {
      return transfer.complete(.failure(CancellationError()))
    }
    let code = curl_multi_add_handle(multi, transfer.handle)
    guard code == CURLM_OK else {
      return transfer.complete(.failure(HTTPClientError(.broken, String(cString: curl_multi_strerror(code)))))
    }
    running[transfer.handle] = transfer
  }

  private func finishTransfers() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let transfer = running[message.pointee.easy_handle] else { continue }
      // Removing the handle frees the message.
      let code = curl_message_result(message)
      let result = transfer.result(code)
      remove(transfer)
      transfer.complete(result)
    }
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
    for transfer in Array(running.values) {
      remove(transfer)
      transfer.complete(.failure(error))
    }
    for transfer in unstarted { transfer.complete(.failure(error)) }
    curl_multi_cleanup(multi)
  }
}
