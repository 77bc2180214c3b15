import Synchronization

/// A Lua script that runs on the server, all at once.
package final class RedisScript: Sendable {
  package let text: String
  /// By which servers know it: the same on each, so that it is asked for once.
  private let known = Mutex<String?>(nil)

  package init(_ text: String) { self.text = text }

  var digest: String? {
    get { known.withLock { $0 } }
    set { known.withLock { $0 = newValue } }
  }
}
