import Databases
import VerbatimModel

/// Takes exchanges to the history or, while that cannot be reached, to the journal; answers when they are durable in the
/// one or the other.
///
/// After a failure everything goes to the journal, until its courier has seen the history take records again: nobody
/// waits for a server that is known to be away.
final class Recorder: Sendable {
  private let appender: Appender
  private let journal: Journal?
  private let courier: JournalCourier?

  /// `courier` belongs to the journal, which may hold what an earlier process left.
  init(appender: Appender, journal: Journal?, courier: JournalCourier?) {
    self.appender = appender
    self.journal = journal
    self.courier = courier
    courier?.wake()
  }

  var journalStatistics: JournalContents? { journal?.statistics }

  /// Whether the history is known not to take records, so that they go to the journal.
  var isAway: Bool { journal != nil && appender.lastFailure != nil }

  /// Whether the journal stands in when the history is away.
  var hasStandIn: Bool { journal?.hasRoom ?? false }

  func append(_ pending: PendingExchange) async -> Appender.Outcome {
    guard let journal else { return await appender.append(pending) }
    var outcome: Appender.Outcome?
    if appender.lastFailure == nil {
      let first: Appender.Outcome = await appender.append(pending)
      guard first.isUnavailable else { return first }
      outcome = first
    }
    let journaled: Appender.Outcome = await journal.append([pending])[0]
    if journaled.isJournaled { courier?.wake() }
    // Taken, or refused for what it is.
    guard journaled.isUnavailable else { return journaled }
    // The history may be back already, and is all that is left.
    if let outcome { return outcome }
    return await appender.append(pending)
  }

  /// Results in order.
  func append(_ group: [PendingExchange]) async -> [Appender.Outcome] {
    guard let journal else { return await appender.append(group) }
    let isAway: Bool = appender.lastFailure != nil
    var outcomes: [Appender.Outcome]
    if isAway {
      outcomes = await journal.append(group)
      await retry(&outcomes, of: group) { await self.appender.append($0) }
    } else {
      outcomes = await appender.append(group)
      await retry(&outcomes, of: group) { await journal.append($0) }
    }
    if outcomes.contains(where: \.isJournaled) { courier?.wake() }
    return outcomes
  }

  /// Asks elsewhere for those that found the one place unavailable; whoever finds both so is told the first reason.
  private func retry(
    _ outcomes: inout [Appender.Outcome], of group: [PendingExchange],
    elsewhere: ([PendingExchange]) async -> [Appender.Outcome]
  ) async {
    let places: [Int] = outcomes.indices.filter { outcomes[$0].isUnavailable }
    guard !places.isEmpty else { return }
    for (place, outcome) in zip(places, await elsewhere(places.map { group[$0] })) where !outcome.isUnavailable {
      outcomes[place] = outcome
    }
  }

  /// Writes what is queued; what waits in the journal waits for the next start. `patiently` runs what a server that hangs
  /// would hold up for ever, and may leave it behind.
  func close(_ patiently: (@escaping @Sendable () async -> Void) async -> Void) async {
    await patiently { [appender] in await appender.close() }
    await patiently { [courier] in await courier?.stop() }
    await journal?.close()
  }
}

extension Appender.Outcome {
  fileprivate var isUnavailable: Bool {
    if case .failure(.unavailable) = self { true } else { false }
  }

  fileprivate var isJournaled: Bool {
    if case .success(let receipt) = self { receipt.isJournaled } else { false }
  }
}
