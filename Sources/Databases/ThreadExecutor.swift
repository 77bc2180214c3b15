import Glibc
import Synchronization

/// A thread that runs an actor's jobs in the order of their arrival, so that blocking calls stay off the cooperative
/// pool.
///
/// `@unchecked Sendable`: `jobs`, `isIdle` and `isStopped` are touched only under `mutex`, `isInCall` and `resumed` only
/// on the thread.
package final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
  private static let stackSize = 1 << 20

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private enum Job {
    case task(UnownedJob)
    case call(@Sendable () -> Void)
  }

  private var jobs: [Job] = []
  private let thread = Atomic<UInt>(0)
  private let niceness: Int32
  private var isIdle = false
  private var isStopped = false
  /// What runs is a call, not a task.
  private var isInCall = false
  /// Tasks that it has resumed and that go on here.
  private var resumed: [(job: UnownedJob, executor: UnownedTaskExecutor)] = []

  /// `niceness`: 0, or up to 19 for what may take the processor only where others leave it.
  package init(niceness: Int32 = 0) throws(DatabaseError) {
    self.niceness = niceness
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(arrival, nil)
    try start()
  }

  deinit {
    pthread_cond_destroy(arrival)
    pthread_mutex_destroy(mutex)
    arrival.deallocate()
    mutex.deallocate()
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    add(.task(UnownedJob(job)))
  }

  /// Runs `call` in its turn, without a task.
  func submit(_ call: @escaping @Sendable () -> Void) { add(.call(call)) }

  /// Takes a task that a call on this very thread resumes; it runs when the call has ended. False: nobody's call runs here.
  static func goOn(with job: UnownedJob, of executor: UnownedTaskExecutor) -> Bool {
    guard let current = pthread_getspecific(key) else { return false }
    let thread = Unmanaged<ThreadExecutor>.fromOpaque(current).takeUnretainedValue()
    guard thread.isInCall else { return false }
    thread.resumed.append((job, executor))
    return true
  }

  /// Leads from a thread to its executor.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  private func add(_ job: Job) {
    pthread_mutex_lock(mutex)
    jobs.append(job)
    let mustWake = isIdle
    pthread_mutex_unlock(mutex)
    if mustWake { pthread_cond_signal(arrival) }
  }

  /// What runs by `submit` is isolated to the actor, too.
  package func checkIsolated() {
    precondition(thread.load(ordering: .relaxed) == UInt(pthread_self()), "not on the connection's thread")
  }

  /// Ends the thread once its queue is empty. The actor calls this when it goes, so nothing arrives afterwards.
  package func stop() {
    pthread_mutex_lock(mutex)
    isStopped = true
    pthread_mutex_unlock(mutex)
    pthread_cond_signal(arrival)
  }

  private func start() throws(DatabaseError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))

    // The thread owns a reference: the last job may free the actor, and the executor must outlive it.
    let executor = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { argument in
        if let argument { Unmanaged<ThreadExecutor>.fromOpaque(argument).takeRetainedValue().runJobs() }
        return nil
      }, executor.toOpaque())
    guard code == 0 else {
      executor.release()
      throw DatabaseError(kind: .unavailable, code: code, message: "cannot start a thread: \(systemMessage(code))")
    }
  }

  private func runJobs() {
    let executor = asUnownedSerialExecutor()
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
    // Of this thread alone on Linux.
    if niceness != 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
    var batch: [Job] = []
    while true {
      pthread_mutex_lock(mutex)
      while jobs.isEmpty && !isStopped {
        isIdle = true
        pthread_cond_wait(arrival, mutex)
        isIdle = false
      }
      swap(&batch, &jobs)
      pthread_mutex_unlock(mutex)
      if batch.isEmpty { return }
      for job in batch {
        switch job {
        case .task(let job): job.runSynchronously(on: executor)
        case .call(let call): run(call)
        }
      }
      batch.removeAll(keepingCapacity: true)
    }
  }
}

extension ThreadExecutor {
  /// What the tasks that go on here enqueue, while no call runs, goes elsewhere: so they cannot keep the thread.
  private func run(_ call: @Sendable () -> Void) {
    isInCall = true
    call()
    isInCall = false
    guard !resumed.isEmpty else { return }
    let jobs = resumed
    resumed.removeAll()
    for (job, executor) in jobs { job.runSynchronously(on: executor) }
  }
}

/// What the operating system says about an error number.
func systemMessage(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
