/// Runs a task where the thread that resumes it gathers such (`ResumedTasks`), anything else on the shared pool.
///
/// For tasks that answer requests: what is left to do after reading is little, and waiting for a thread of the pool while
/// readers keep the processors busy took 1.5 ms in the median and 8 at the 99th percentile.
package final class ContinuingExecutor: TaskExecutor {
  package init() {}

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if ResumedTasks.take(job, of: asUnownedTaskExecutor()) { return }
    globalConcurrentExecutor.enqueue(job)
  }
}
