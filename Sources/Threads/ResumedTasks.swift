import Glibc

/// Tasks that a thread's work has resumed, to go on there when the work has ended: no other thread has to wake up for
/// them. It belongs to the thread.
///
/// Tasks take part whose executor is a `ContinuingExecutor`.
package final class ResumedTasks {
  private var jobs: [(job: UnownedJob, executor: UnownedTaskExecutor)] = []

  package init() {}

  /// Leads from a thread to what it gathers now.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// Gathers what `work` resumes. It must not run any of it, and must not gather in turn.
  package func gather<Result, Failure>(_ work: () throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
    defer { pthread_setspecific(Self.key, nil) }
    return try work()
  }

  /// Lets them go on, once: what they enqueue goes elsewhere, so that they cannot keep the thread.
  package func goOn() {
    guard !jobs.isEmpty else { return }
    let resumed = jobs
    jobs.removeAll()
    for (job, executor) in resumed { job.runSynchronously(on: executor) }
  }

  /// False where the thread gathers nothing.
  static func take(_ job: UnownedJob, of executor: UnownedTaskExecutor) -> Bool {
    guard let current = pthread_getspecific(key) else { return false }
    Unmanaged<ResumedTasks>.fromOpaque(current).takeUnretainedValue().jobs.append((job, executor))
    return true
  }
}
