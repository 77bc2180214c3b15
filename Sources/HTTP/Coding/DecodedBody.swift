extension RequestBody {
  /// The body without its coding, decoded while it is read, never more than a part of it in memory.
  /// Reading throws `.badBody` where it is broken, cut off or followed by something else, or expands too far, and
  /// `.bodyTooLarge` where it expands beyond what `limit` allows any body.
  package func decoded(from coding: RequestCoding, limit: ExpansionLimit = ExpansionLimit()) throws(HTTPError)
    -> RequestBody
  {
    let decoded = DecodedBody(of: self, decoder: try coding.makeDecoder(), limit: limit)
    var body = RequestBody { try await decoded.next() }
    body.memory = memory
    return body
  }
}

/// An encoded body and the state of its decoder, which the actor guards.
private actor DecodedBody {
  private let encoded: RequestBody
  private let decoder: any ContentDecoder
  private let limit: ExpansionLimit
  private var input: ArraySlice<UInt8> = []
  private var encodedSize = 0
  private var expandedSize = 0
  /// The last part filled its room: the decoder may hold more, even without input.
  private var mayHoldMore = false
  private var failure: (any Error)?

  init(of encoded: RequestBody, decoder: sending any ContentDecoder, limit: ExpansionLimit) {
    self.encoded = encoded
    self.decoder = decoder
    self.limit = limit
  }

  func next() async throws -> ArraySlice<UInt8>? {
    if let failure { throw failure }
    do {
      while true {
        if input.isEmpty, !mayHoldMore {
          guard let part = try await encoded.next() else { break }
          input = part
          encodedSize += part.count
          continue
        }
        let part = try decodePart()
        try await encoded.memory?.hold(decoder.memorySize, for: .decoding)
        if !part.isEmpty { return part[...] }
      }
      guard decoder.isAtEnd else { throw HTTPError.badBody("the encoded body is cut off") }
      return nil
    } catch {
      failure = error
      throw error
    }
  }

  private func decodePart() throws -> [UInt8] {
    let room = mayHoldMore ? 128 << 10 : min(max(input.count * 4, 4 << 10), 128 << 10)
    let before = input.count
    let part = try [UInt8](unsafeUninitializedCapacity: room) { output, count in
      count = try decoder.decode(&input, into: UnsafeMutableBufferPointer(rebasing: output[..<room]))
    }
    guard !part.isEmpty || input.count < before || mayHoldMore else {
      throw HTTPError.badBody("the encoded body cannot be decoded further")
    }
    mayHoldMore = part.count == room
    expandedSize += part.count
    try limit.check(expanded: expandedSize, encoded: encodedSize)
    return part
  }
}
