import Synchronization
import VerbatimModel
import VerbatimStore

/// Brings what is stored under the key that is used for what comes, while the server goes on: what is asked for is done
/// by `run`, one after the other.
package final class ReencryptionJob: Sendable {
  package enum State: String, Sendable { case idle, running, done, failed }

  package struct Progress: Sendable {
    package var state = State.idle
    /// The table that it works on.
    package var table: String?
    /// How many texts were changed.
    package var texts = 0
    /// Why it failed.
    package var failure: String?
  }

  private let store: Store
  private let log: Log
  private let state = Mutex(Progress())
  private let requests: AsyncStream<Void>
  private let request: AsyncStream<Void>.Continuation

  package init(on store: Store, log: Log) {
    self.store = store
    self.log = log
    (requests, request) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  package var progress: Progress { state.withLock { $0 } }

  /// Begins, unless it is under way.
  package func start() -> Progress {
    let (progress, begins) = state.withLock { progress in
      let begins = progress.state != .running
      if begins { progress = Progress(state: .running) }
      return (progress, begins)
    }
    if begins { request.yield() }
    return progress
  }

  /// Until it is cancelled; what is cut off then goes on with the next request.
  package func run() async {
    for await _ in requests {
      do {
        let texts = try await store.reencrypt { table, texts in
          self.state.withLock { ($0.table, $0.texts) = (table, texts) }
        }
        state.withLock { $0 = Progress(state: .done, texts: texts) }
        log.info("MES content reencrypted", ["texts": String(texts)])
      } catch {
        state.withLock { ($0.state, $0.failure) = (.failed, "\(error)") }
        log.warning("MES content could not be reencrypted", ["error": "\(error)"])
      }
    }
  }
}
