import Glibc

/// How the kernel shares processors among the process's threads.
package enum Scheduling {
  /// `SCHED_BATCH` of <linux/sched.h>, which Glibc's module leaves out.
  private static let batch: Int32 = 3

  /// Threads that wake up wait for their turn instead of interrupting one that works (`SCHED_BATCH`), for whoever answers
  /// many requests at once: loops and readers of a busy server would else take the processors from each other several
  /// times a request. For threads that are made from now on, and the caller. Where it is refused, things stay as they are.
  package static func leaveWorkersAlone() {
    var parameters = sched_param()
    parameters.sched_priority = 0
    sched_setscheduler(0, batch, &parameters)
  }
}
