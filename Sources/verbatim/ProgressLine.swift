import Synchronization

/// Says how far a command has come: one changing line on a terminal, otherwise a plain line every few seconds.
final class ProgressLine: Sendable {
  private struct State {
    var last: ContinuousClock.Instant?
    var isShown = false
  }

  private let isTerminal = Terminal.isErrorTerminal
  private let state = Mutex(State())

  func show(_ text: @autoclosure () -> String) {
    let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
    let isDue = state.withLock { state in
      let now = ContinuousClock.now
      // On a terminal something is seen at once; elsewhere short work leaves no lines.
      guard let last = state.last else {
        state.last = now
        state.isShown = isTerminal
        return isTerminal
      }
      guard now - last >= interval else { return false }
      state.last = now
      state.isShown = true
      return true
    }
    guard isDue else { return }
    if isTerminal { Terminal.show(text()) } else { Terminal.complain(text()) }
  }

  func show(pages done: Int, of total: Int) { show("\(bar(done, of: total)) \(done) of \(total) pages") }

  func bar(_ done: Int, of total: Int) -> String {
    let width = 30
    let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
    let filled = Int(share * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return "\(bar) \(Int(share * 100))%"
  }

  /// Leaves the line to what comes next.
  func clear() {
    if isTerminal, state.withLock({ $0.isShown }) { Terminal.show("") }
  }
}
