import CHiredis

/// A reply, as RESP2 has it.
package indirect enum RedisValue: Sendable, Equatable {
  case null
  case integer(Int64)
  /// A string or a status.
  case bytes([UInt8])
  case array([RedisValue])
  /// An error inside an array; one that is the whole reply is thrown.
  case failure(String)

  init(_ reply: redisReply) {
    switch reply.type {
    case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = .bytes(Self.bytes(of: reply))
    case REDIS_REPLY_ERROR: self = .failure(String(decoding: Self.bytes(of: reply), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      self = .array((0..<reply.elements).map { index in reply.element[index].map { Self($0.pointee) } ?? .null })
    default: self = .null
    }
  }

  private static func bytes(of reply: redisReply) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: reply.str, count: reply.len))
  }
}
