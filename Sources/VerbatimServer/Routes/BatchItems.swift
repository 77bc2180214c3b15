import HTTP
import VerbatimModel

/// The items of a batch's body, one after another, as its bytes arrive.
struct BatchItems {
  enum Item {
    case json(Bytes)
    case failure(BatchFailure)
  }

  private let body: RequestBody
  private let isLines: Bool
  private let elementLimit: Int
  private var splitter: JSONStreamSplitter?
  private var isInArray = false
  private var count = 0
  private var isAtEnd = false

  init(_ body: RequestBody, as type: ContentType, elementLimit: Int) {
    self.body = body
    self.elementLimit = elementLimit
    if case .lines = type { isLines = true } else { isLines = false }
  }

  /// nil after the last item. What ends the body early is its last item, or is thrown when no item came before it.
  mutating func next() async throws -> Item? {
    guard !isAtEnd else { return nil }
    do {
      guard let event = try await nextEvent() else { return nil }
      return try item(event)
    } catch let error as HTTPError where count > 0 && error != .peerGone {
      return last(BatchFailure(APIError(error)))
    }
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
      guard count > 0 else { throw .malformed(detail) }
      return last(BatchFailure(code: "invalid_json", detail: detail))
    }
  }

  /// What to do about an item that is not JSON: a line says nothing about the next; an array is no JSON any more.
  mutating func end(atMalformedItem reason: String) throws(APIError) {
    guard isInArray else { return }
    guard count > 1 else { throw .malformed("item 0: \(reason)") }
    isAtEnd = true
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
      if let part = try await body.next() {
        splitter?.push(part)
      } else {
        splitter?.finish()
        let event = splitter?.next()
        isAtEnd = event == nil
        return event
      }
    }
  }

  /// Reads up to the first byte that means something: lines begin with `{`, an array with `[`.
  private mutating func start() async throws -> JSONStreamSplitter {
    if isLines { return JSONStreamSplitter(.lines, maximumElementSize: elementLimit) }
    var begun: [UInt8] = []
    while let part = try await body.next() {
      begun += part
      guard let format = JSONStreamSplitter.Format(ofBodyBeginning: begun) else { continue }
      isInArray = format == .array
      var splitter = JSONStreamSplitter(format, maximumElementSize: elementLimit)
      splitter.push(begun)
      return splitter
    }
    throw APIError.malformed("the body is empty; it must be a JSON array or lines of JSON objects")
  }
}

extension JSONStreamSplitter.Format {
  /// nil while there is only white space.
  init?(ofBodyBeginning bytes: [UInt8]) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let rest = bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...]
    guard let first = rest.first(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }) else { return nil }
    self = first == UInt8(ascii: "{") ? .lines : .array
  }
}
