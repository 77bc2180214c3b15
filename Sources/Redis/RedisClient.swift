import Dispatch

/// A client of one Redis server, over one connection that its callers share: commands that wait together go out together.
///
/// It never keeps a caller long: a server that does not answer within the time-out counts as away, and from then on
/// commands fail at once until it can be reached again, which is tried every second. What failed for that reason may have
/// been carried out or not.
package final class RedisClient: Sendable {
  package let address: RedisAddress
  private let loop: RedisLoop

  /// Returns after the first attempt to connect, whether or not the server was there.
  package static func connect(
    to address: RedisAddress, timeout: Duration = .milliseconds(50),
    retryingEvery pause: DispatchTimeInterval = .seconds(1)
  ) async throws(RedisError) -> RedisClient {
    let client = try RedisClient(address, timeout: timeout, pause: pause)
    await client.loop.waitForFirstAttempt()
    return client
  }

  private init(_ address: RedisAddress, timeout: Duration, pause: DispatchTimeInterval) throws(RedisError) {
    self.address = address
    loop = try RedisLoop(address, timeout: timeout, pause: pause)
  }

  deinit { loop.stop() }

  /// Sends one command, `SET`, key and value for example, and waits for its reply.
  package func send(_ words: [[UInt8]]) async throws(RedisError) -> RedisValue {
    let result = await withCheckedContinuation { continuation in
      loop.add(words) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  package func send(_ words: String...) async throws(RedisError) -> RedisValue {
    try await send(words.map { Array($0.utf8) })
  }

  /// Runs a script, which the server remembers by its digest after the first time.
  package func run(_ script: RedisScript, keys: [String], _ arguments: [String]) async throws(RedisError) -> RedisValue
  {
    let rest = [String(keys.count)] + keys + arguments
    let digest = try await digest(of: script)
    do {
      return try await send((["EVALSHA", digest] + rest).map { Array($0.utf8) })
    } catch {
      // A server that has been restarted knows no script; this makes it known again.
      guard error.kind == .refused, error.description.hasPrefix("NOSCRIPT") else { throw error }
      return try await send((["EVAL", script.text] + rest).map { Array($0.utf8) })
    }
  }

  private func digest(of script: RedisScript) async throws(RedisError) -> String {
    if let known = script.digest { return known }
    guard case .bytes(let bytes) = try await send("SCRIPT", "LOAD", script.text) else {
      throw RedisError(.refused, "SCRIPT LOAD gave no digest")
    }
    let digest = String(decoding: bytes, as: UTF8.self)
    script.digest = digest
    return digest
  }
}
