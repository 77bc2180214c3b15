import Dispatch
import Glibc
import Synchronization

/// SIGTERM and SIGINT as events; a second one ends the process at once.
///
/// `@unchecked`: the sources are made in `init` and only kept alive afterwards.
package final class Signals: @unchecked Sendable {
  private let sources: [any DispatchSourceSignal]
  private let events: AsyncStream<Int32>

  /// `onSecond` runs before the process ends: the last chance to write what the log holds.
  package init(onSecond: @escaping @Sendable () -> Void) {
    let (events, continuation) = AsyncStream.makeStream(of: Int32.self)
    self.events = events
    let queue = DispatchQueue(label: "verbatim.signals")
    let count = Count()
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if count.value.add(1, ordering: .relaxed).oldValue > 0 {
          onSecond()
          _exit(128 + number)
        }
        continuation.yield(number)
      }
      source.resume()
      return source
    }
  }

  /// The name of the first signal; nil when the waiting task is cancelled.
  package func first() async -> String? {
    for await number in events { return number == SIGTERM ? "SIGTERM" : "SIGINT" }
    return nil
  }

  /// A peer that is gone is an error of `write`, and a full quota one of the file: neither may end the process.
  package static func ignoreBrokenPipesAndFileLimits() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  private final class Count: Sendable { let value = Atomic(0) }
}
