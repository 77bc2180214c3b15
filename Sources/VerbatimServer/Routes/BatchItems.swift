import HTTP
import VerbatimModel

/// The items of a batch's body, one after another, as its bytes arrive.
struct BatchItems {
  enum Item {
    case json(Bytes)
    case failure(BatchFailure)
  }

  private let body: RequestBody
  /// Said by the body's type.
  private let isLines: Bool
  private let elementLimit: Int
  private var splitter: JSONStreamSplitter?
  private var isInArray = false
  private var count = 0
  private var isAtEnd = false
  /// Of the parts that the items of the group in hand, and of the one that is being committed, are slices of.
  private(set) var groupSize = 0
  private var committingSize = 0

  init(_ body: RequestBody, as type: ContentType, elementLimit: Int) {
    self.body = body
    self.elementLimit = elementLimit
    if case .lines = type { isLines = true } else { isLines = false }
  }

  /// nil after the last item. What ends the body early is its last item, or is thrown when nothing came before it.
  mutating func next() async throws -> Item? {
    guard !isAtEnd else { return nil }
    do {
      guard let event = try await nextEvent() else { return nil }
      return try item(event)
    } catch let error as HTTPError where error != .peerGone {
      if case .badBody(let reason) = error, isInArray || count > 0 {
        return last(BatchFailure(code: "invalid_json", detail: "the body breaks off: \(reason)"))
      }
      guard count > 0 else { throw error }
      return last(BatchFailure(APIError(error)))
    }
  }

  /// The items so far are being committed; what was before them is.
  mutating func cutGroup() {
    committingSize = groupSize
    groupSize = 0
  }

  private mutating func item(_ event: JSONStreamSplitter.Event) throws(APIError) -> Item {
    switch event {
    case .element(_, let index, _) where index >= BatchIngest.maximumItems:
      let limit = BatchIngest.maximumItems
      return last(
        BatchFailure(code: "too_many_items", detail: "a batch has at most \(limit) items; the rest is not read"))
    case .element(let json, _, _):
      count += 1
      return .json(json)
    case .oversized:
      count += 1
      return .failure(BatchFailure(code: "invalid_value", detail: "the item is larger than \(elementLimit) bytes"))
    case .malformed(let offset, let reason):
      let detail = "the body stops being JSON at byte \(offset): \(reason)"
      guard isInArray else { throw .malformed(detail) }
      return last(BatchFailure(code: "invalid_json", detail: detail))
    }
  }

  /// What to do about an item that is not JSON: an array is none any more; a line says nothing about the next, unless it
  /// is the first and nobody said that there were lines.
  mutating func end(atMalformedItem reason: String) throws(APIError) {
    if isInArray {
      isAtEnd = true
    } else if !isLines, count == 1 {
      throw .malformed(
        "the first line is \(reason); send a JSON array, or application/x-ndjson with one object a line")
    }
  }

  private mutating func last(_ failure: BatchFailure) -> Item {
    isAtEnd = true
    return .failure(failure)
  }

  private mutating func nextEvent() async throws -> JSONStreamSplitter.Event? {
    if splitter == nil { splitter = try await start() }
    while true {
      if let event = splitter?.next() { return event }
      guard !isAtEnd else { return nil }
      if let part = try await nextPart() {
        splitter?.push(part)
      } else {
        splitter?.finish()
        let event = splitter?.next()
        isAtEnd = event == nil
        return event
      }
    }
  }

  private mutating func nextPart() async throws -> Bytes? {
    guard let part = try await body.next() else { return nil }
    groupSize += part.count
    try await body.memory?.hold(groupSize + committingSize)
    return part
  }

  /// Reads up to the first byte that means something: lines begin with `{`, an array with `[`.
  private mutating func start() async throws -> JSONStreamSplitter {
    if isLines { return JSONStreamSplitter(.lines, maximumElementSize: elementLimit) }
    var begun: [UInt8] = []
    while let part = try await nextPart() {
      begun += part
      guard let first = JSONStreamSplitter.Format.firstByte(of: begun) else {
        guard begun.count <= Self.longestBeginning else { throw APIError.malformed("the body begins with white space") }
        continue
      }
      isInArray = first == UInt8(ascii: "[")
      var splitter = JSONStreamSplitter(.init(firstByte: first), maximumElementSize: elementLimit)
      splitter.push(begun)
      return splitter
    }
    throw APIError.malformed("the body is empty; it must be a JSON array or lines of JSON objects")
  }

  private static let longestBeginning = 64 << 10
}

extension JSONStreamSplitter.Format {
  /// nil while there is only white space.
  init?(ofBodyBeginning bytes: [UInt8]) {
    guard let first = Self.firstByte(of: bytes) else { return nil }
    self.init(firstByte: first)
  }

  fileprivate init(firstByte: UInt8) { self = firstByte == UInt8(ascii: "{") ? .lines : .array }

  /// The first byte that means something, behind white space and a byte order mark.
  fileprivate static func firstByte(of bytes: [UInt8]) -> UInt8? {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let rest = bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...]
    return rest.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
  }
}
