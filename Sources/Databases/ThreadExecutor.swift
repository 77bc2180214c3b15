import Glibc
import Synchronization
import Threads

/// A thread that runs an actor's jobs in the order of their arrival, so that blocking calls stay off the cooperative
/// pool.
///
/// `@unchecked Sendable`: `jobs`, `isIdle` and `isStopped` are touched only under `mutex`, `resumed` only on the thread.
package final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
  private static let stackSize = 1 << 20
  /// Linux's SCHED_IDLE, which glibc shows to C alone.
  private static let idlePolicy: Int32 = 5

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private enum Job {
    case task(UnownedJob)
    case call(@Sendable () -> Void)
  }

  private var jobs: [Job] = []
  private let thread = Atomic<UInt>(0)
  private let yieldsToOthers: Bool
  private var isIdle = false
  private var isStopped = false
  private let resumed = ResumedTasks()

  /// `yieldsToOthers`: for what may take a processor only while no other thread wants it.
  package init(yieldsToOthers: Bool = false) throws(DatabaseError) {
    self.yieldsToOthers = yieldsToOthers
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

  /// For the actor's own work: tasks that `work` resumes go on here, when what runs now has ended.
  func lettingGoOn(_ work: () -> Void) { resumed.gather(work) }

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

  /// A nice value would leave the thread its slice of a few milliseconds, for which a request would wait.
  private static func yieldToOthers() {
    var parameters = sched_param()
    // Of this thread alone on Linux, and never refused.
    sched_setscheduler(0, idlePolicy, &parameters)
  }

  private func runJobs() {
    let executor = asUnownedSerialExecutor()
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    if yieldsToOthers { Self.yieldToOthers() }
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
        case .call(let call): resumed.gather(call)
        }
        resumed.goOn()
      }
      batch.removeAll(keepingCapacity: true)
    }
  }
}

/// What the operating system says about an error number.
func systemMessage(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
