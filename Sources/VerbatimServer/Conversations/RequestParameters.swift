import HTTP
import VerbatimModel

/// Typed reads of a request's query; an empty value counts as none. They throw 400 and say what may be there.
extension HTTPRequest {
  func parameter(_ name: String, longest: Int) throws(APIError) -> String? {
    guard let text = queryParameter(name), !text.isEmpty else { return nil }
    guard text.unicodeScalars.count <= longest else {
      throw .invalid("\(name) is longer than \(longest) characters")
    }
    guard !text.unicodeScalars.contains(where: { $0 == "\0" || $0 == "\u{FFFD}" }) else {
      throw .invalid("\(name) must be UTF-8 without NUL")
    }
    return text
  }

  func number(_ name: String, within range: ClosedRange<Int>, standard: Int) throws(APIError) -> Int {
    guard let text = queryParameter(name), !text.isEmpty else { return standard }
    guard let number = Int(text), range.contains(number) else {
      throw .invalid("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of _: Choice.Type
  ) throws(APIError) -> Choice? {
    guard let text = queryParameter(name), !text.isEmpty else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    throw .invalid("\(name) must be one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
  }

  func id(_ name: String) throws(APIError) -> UUIDv7? {
    guard let text = queryParameter(name), !text.isEmpty else { return nil }
    guard let id = UUIDv7(text) else { throw .invalid("\(name) must be an id that an answer gave") }
    return id
  }

  /// The times of `from` (included) and `to` (not included) in Unix milliseconds; nil without either.
  func times() throws(APIError) -> Range<Int64>? {
    let (from, to) = (try time("from"), try time("to"))
    guard from != nil || to != nil else { return nil }
    let start: Int64 = from ?? 0
    let end: Int64 = to ?? UUIDv7.maximumMilliseconds
    guard start <= end else { throw .invalid("from must not be later than to") }
    return start..<end
  }

  private func time(_ name: String) throws(APIError) -> Int64? {
    guard let text = queryParameter(name), !text.isEmpty else { return nil }
    if let time = Timestamp.milliseconds(iso8601: text.utf8), (0...UUIDv7.maximumMilliseconds).contains(time) {
      return time
    }
    // Eleven digits of seconds would be the year 5138.
    if let number = Int64(text), (0...UUIDv7.maximumMilliseconds).contains(number) {
      return number < 100_000_000_000 ? number * 1000 : number
    }
    throw .invalid("\(name) must be an ISO 8601 time, or seconds or milliseconds since 1970")
  }
}
