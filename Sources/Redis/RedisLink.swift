import CHiredis
import Glibc

/// One connection, used by one thread at a time.
final class RedisLink {
  private let context: UnsafeMutablePointer<redisContext>

  /// Connects, says who it is and chooses the database. `timeout` is for each of these, and for every reply later.
  init(_ address: RedisAddress, timeout: Duration) throws(RedisError) {
    let limit = timeval(timeout)
    guard let context = redisConnectWithTimeout(address.host, Int32(address.port), limit) else {
      throw RedisError(.unavailable, "no memory for a connection")
    }
    self.context = context
    guard context.pointee.err == 0, redisSetTimeout(context, limit) == REDIS_OK else { throw failure() }
    if let password = address.password {
      try run(["AUTH"] + (address.user.map { [$0] } ?? []) + [password])
    }
    if address.database != 0 { try run(["SELECT", String(address.database)]) }
  }

  deinit { redisFree(context) }

  /// Whether the server has hung up, or says what nobody asked for.
  var hasUnexpectedInput: Bool {
    var descriptor = pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) > 0
  }

  /// The command leaves with the first reply that is waited for.
  func append(_ words: [[UInt8]]) throws(RedisError) {
    let lengths = words.map(\.count)
    // hiredis reads them at once and no further than their lengths.
    let copies = words.map { word in
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: word.count)
      copy.initialize(from: word.map { CChar(bitPattern: $0) }, count: word.count)
      return copy
    }
    defer { for copy in copies { copy.deallocate() } }
    var pointers = copies.map { UnsafePointer<CChar>?.some(UnsafePointer($0)) }
    guard redisAppendCommandArgv(context, Int32(words.count), &pointers, lengths) == REDIS_OK else { throw failure() }
  }

  /// The next reply. After `.unavailable` the connection is of no use any more.
  func reply() throws(RedisError) -> RedisValue {
    var pointer: UnsafeMutableRawPointer?
    guard redisGetReply(context, &pointer) == REDIS_OK, let pointer else { throw failure() }
    defer { freeReplyObject(pointer) }
    let value = RedisValue(pointer.assumingMemoryBound(to: redisReply.self).pointee)
    if case .failure(let message) = value { throw RedisError(.refused, message) }
    return value
  }

  private func run(_ words: [String]) throws(RedisError) {
    try append(words.map { Array($0.utf8) })
    _ = try reply()
  }

  private func failure() -> RedisError {
    let message = withUnsafeBytes(of: context.pointee.errstr) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return RedisError(.unavailable, message.isEmpty ? "the connection failed" : message)
  }
}

extension timeval {
  fileprivate init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
  }
}
