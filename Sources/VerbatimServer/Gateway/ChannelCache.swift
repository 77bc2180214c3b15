import Synchronization
import VerbatimModel
import VerbatimStore

/// The channels, those of the environment included, as this process knows them, so that a call asks no database.
///
/// Every change moves a revision; on a server's database it is looked at twice a second. While the main database is away,
/// what is known stays.
package final class ChannelCache: Sendable {
  private struct State {
    var channels: [Channel]?
    var revision: Int64?
    /// Counts how often everything was forgotten: what was read before is not kept afterwards.
    var generation = 0
  }

  private static let pause: Duration = .milliseconds(500)

  private let main: MainStore
  private let environment: [Channel]
  private let log: Log
  private let health: ChannelHealth
  private let state = Mutex(State())

  init(_ main: MainStore, environment: [Channel], health: ChannelHealth, log: Log) {
    self.main = main
    self.environment = environment
    self.health = health
    self.log = log
  }

  /// Throws `StoreError` where they are not known yet and cannot be read.
  func all() async throws -> [Channel] {
    let (known, generation) = state.withLock { ($0.channels, $0.generation) }
    if let known { return known }
    let channels = try await main.channels() + environment
    state.withLock { state in
      if state.generation == generation { state.channels = channels }
    }
    return channels
  }

  /// To be called after every change that this process made.
  func forget() {
    state.withLock { state in
      state.channels = nil
      state.generation += 1
    }
    health.forget()
  }

  /// Until cancelled.
  package func run() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: Self.pause) } catch { return }
      if main.isShared { await look() }
    }
  }

  /// Asks whether a channel has changed anywhere, and reads them anew if so.
  func look() async {
    do {
      let revision = try await main.channelRevision()
      guard state.withLock({ $0.revision != revision }) else { return }
      let channels = try await main.channels() + environment
      state.withLock { state in
        state.revision = revision
        state.channels = channels
        state.generation += 1
      }
      health.forget()
    } catch {
      log.debug("The channels cannot be looked at", ["reason": Failure.line(error)])
    }
  }
}
