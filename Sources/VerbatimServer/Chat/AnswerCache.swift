import Providers
import Redis
import Synchronization
import VerbatimModel
import VerbatimStore

/// Answers to questions that were asked before in the same context: in the memory of this process and, where there is one,
/// in Redis, for all replicas. It fails no request.
package final class AnswerCache: Sendable {
  private static let prefix = "verbatim:chat:"
  /// Larger ones are not worth their way to Redis.
  private static let largestShared = 1 << 20

  private let settings: ChatSettings
  private let redis: RedisClient?
  /// What is kept outside of this process is sealed as what is stored is.
  private let keys: ContentKeys
  private let table: Mutex<AnswerTable>
  private let outage = Outage()
  private let log: Log

  package init(_ settings: ChatSettings, redis: RedisClient? = nil, keys: ContentKeys = .none, log: Log) {
    self.settings = settings
    self.redis = redis
    self.keys = keys
    self.log = log
    table = Mutex(
      AnswerTable(
        capacity: settings.cachedAnswers, bytes: settings.cacheSize, lifetime: settings.cacheLifetime))
  }

  /// What an answer is kept by: a digest over the account and everything that the model is asked with, so that no account
  /// gets what another was answered. nil where the answer is not to be used again. `wish`: what the request says.
  func key(for prompt: ChatPrompt, of account: String, wish: Bool?) -> String? {
    guard settings.cachedAnswers > 0, wish != false, !prompt.hasTools else { return nil }
    let asksForVariety = (prompt.settings.temperature ?? 0) > settings.cacheTemperature
    guard wish == true || !asksForVariety else { return nil }
    return SHA256.hex(Bytes(utf8: "chat 1 \(account.utf8.count):\(account)") + prompt.identity)
  }

  func answer(for key: String) async -> CachedAnswer? {
    if let answer = table.withLock({ $0.answer(for: key, at: .now) }) { return answer }
    guard let redis else { return nil }
    do {
      guard case .bytes(let stored) = try await redis.send("GET", Self.prefix + key) else { return nil }
      noteRedis(nil)
      return CachedAnswer(json: try keys.opened(stored[...], cachedAs: key))
    } catch {
      noteRedis(error)
      return nil
    }
  }

  func keep(_ answer: CachedAnswer, for key: String) async {
    table.withLock { $0.keep(answer, for: key, at: .now) }
    guard let redis, answer.byteCount <= Self.largestShared else { return }
    let value = keys.sealed(answer.json, cachedAs: key)
    let seconds = String(settings.cacheLifetime.components.seconds)
    let words = ["SET", Self.prefix + key, nil, "EX", seconds].map { $0.map { Array($0.utf8) } ?? Array(value) }
    do {
      _ = try await redis.send(words)
      noteRedis(nil)
    } catch {
      noteRedis(error)
    }
  }

  private func noteRedis(_ error: (any Error)?) {
    guard let address = redis?.address.description else { return }
    outage.note(error) { error in
      log.warning(
        "Redis cannot be used; answers are kept in memory alone until it can",
        ["redis": address, "reason": "\(error)"])
    } ended: {
      log.info("Redis can be used again for answers", ["redis": address])
    }
  }
}
