import Dispatch
import Glibc
import Synchronization

/// The thread that speaks to the server: whatever waits goes out together, and the replies come back in order.
final class RedisLoop: Sendable {
  typealias Completion = @Sendable (Result<RedisValue, RedisError>) -> Void

  private struct Call {
    let words: [[UInt8]]
    let completion: Completion
  }

  private struct Inbox {
    var calls: [Call] = []
    /// nil while connected, else why not; calls fail with it at once.
    var absence: RedisError? = RedisError(.unavailable, "not connected yet")
    var attempt: CheckedContinuation<Void, Never>?
    var wasTried = false
    var isStopping = false
  }

  /// How many commands are sent before their replies are read.
  private static let batchLimit = 512
  private static let queueLimit = 10_000

  private let address: RedisAddress
  private let timeout: Duration
  /// How long after a failed attempt the next one is made.
  private let pause: DispatchTimeInterval
  private let inbox = Mutex(Inbox())
  private let arrival = DispatchSemaphore(value: 0)

  init(_ address: RedisAddress, timeout: Duration, pause: DispatchTimeInterval) throws(RedisError) {
    self.address = address
    self.timeout = timeout
    self.pause = pause
    try startThread()
  }

  func add(_ words: [[UInt8]], completion: @escaping Completion) {
    var mustWake = false
    let refusal: RedisError? = inbox.withLock { inbox in
      if let absence = inbox.absence { return absence }
      guard inbox.calls.count < Self.queueLimit else { return RedisError(.unavailable, "too many commands wait") }
      mustWake = inbox.calls.isEmpty
      inbox.calls.append(Call(words: words, completion: completion))
      return nil
    }
    if mustWake { arrival.signal() }
    if let refusal { completion(.failure(refusal)) }
  }

  /// Returns when the first attempt to connect is over.
  func waitForFirstAttempt() async {
    await withCheckedContinuation { continuation in
      let isOver = inbox.withLock { inbox in
        if !inbox.wasTried { inbox.attempt = continuation }
        return inbox.wasTried
      }
      if isOver { continuation.resume() }
    }
  }

  /// Ends the thread; what waits fails.
  func stop() {
    inbox.withLock { $0.isStopping = true }
    arrival.signal()
  }

  private func startThread() throws(RedisError) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<RedisLoop>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw RedisError(.unavailable, "no thread: " + String(cString: strerror(code)))
    }
    pthread_detach(thread)
  }
}

// MARK: - On the thread

extension RedisLoop {
  private func run() {
    blockSignals()
    var link: RedisLink?
    while !isStopping {
      // One that lay idle may have been closed by the server meanwhile.
      if link?.hasUnexpectedInput == true { link = nil }
      if link == nil { link = connect() }
      guard let open = link else {
        _ = arrival.wait(timeout: .now() + pause)
        continue
      }
      let calls = takeCalls()
      if calls.isEmpty {
        arrival.wait()
      } else if let failure = carryOut(calls, over: open) {
        link = nil
        leave(failure)
      }
    }
    leave(RedisError(.unavailable, "the client has stopped"))
  }

  private var isStopping: Bool { inbox.withLock { $0.isStopping } }

  /// hiredis writes without MSG_NOSIGNAL, and SIGPIPE would end the process; other signals are for its main thread.
  private func blockSignals() {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
  }

  private func connect() -> RedisLink? {
    defer {
      let attempt = inbox.withLock { inbox in
        inbox.wasTried = true
        return inbox.attempt.take()
      }
      attempt?.resume()
    }
    do {
      let link = try RedisLink(address, timeout: timeout)
      inbox.withLock { $0.absence = nil }
      return link
    } catch {
      leave(RedisError(.unavailable, error.description))
      return nil
    }
  }

  private func takeCalls() -> [Call] {
    inbox.withLock { inbox in
      let taken = Array(inbox.calls.prefix(Self.batchLimit))
      inbox.calls.removeFirst(taken.count)
      return taken
    }
  }

  /// Every call gets its reply; why the connection is of no use any more, when it is not.
  private func carryOut(_ calls: [Call], over link: RedisLink) -> RedisError? {
    var failure: RedisError?
    for call in calls where failure == nil {
      do { try link.append(call.words) } catch { failure = error }
    }
    for call in calls {
      let result = failure.map { .failure($0) } ?? Result { () throws(RedisError) in try link.reply() }
      if case .failure(let error) = result, error.kind == .unavailable { failure = error }
      call.completion(result)
    }
    return failure
  }

  /// From now on calls fail at once, as do those that wait.
  private func leave(_ reason: RedisError) {
    let waiting = inbox.withLock { inbox in
      inbox.absence = reason
      defer { inbox.calls = [] }
      return inbox.calls
    }
    for call in waiting { call.completion(.failure(reason)) }
  }
}
