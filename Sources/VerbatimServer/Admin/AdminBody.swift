import HTTP
import VerbatimModel

/// The JSON body of an administrator's request: a small object none of whose fields may be misspelt.
struct AdminBody {
  /// Bytes.
  private static let largest = 64 << 10

  private let json: JSONSlice

  /// An empty body counts as `{}`.
  init(_ request: HTTPRequest, fields known: Set<String>) async throws {
    let bytes = try await request.body.collect(upTo: Self.largest)
    json = try JSONSlice(body: bytes.isEmpty ? Bytes(utf8: "{}") : bytes[...])
    guard json.kind == .object else { throw APIError.invalid("the body must be a JSON object") }
    for field in json.fields where !known.contains(field.key.text.string) {
      throw APIError.invalid(
        "\(field.key.text.string) is no field of this; known: \(known.sorted().joined(separator: ", "))")
    }
  }

  /// nil when absent, null or empty.
  func text(_ name: String, limit: Int) throws(APIError) -> String? {
    guard let value = value(name) else { return nil }
    guard let text = value.string else { throw .invalid("\(name) must be a string") }
    guard text.isExact, !text.string.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw .invalid("\(name) must not hold control characters or lone surrogates")
    }
    guard !text.isLonger(than: limit) else { throw .invalid("\(name) is longer than \(limit) characters") }
    return text.isEmpty ? nil : text.string
  }

  /// As `text`, but whole numbers are taken, too, and true and false as 1 and 0.
  func word(_ name: String, limit: Int) throws(APIError) -> String? {
    guard let value = value(name) else { return nil }
    if let number = value.integer { return String(number) }
    if let boolean = value.boolean { return boolean ? "1" : "0" }
    return try text(name, limit: limit)
  }

  func requiredText(_ name: String, limit: Int) throws(APIError) -> String {
    guard let text = try text(name, limit: limit) else { throw .invalid("\(name) is required") }
    return text
  }

  /// One of an enumeration's words.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of _: Choice.Type
  ) throws(APIError) -> Choice? {
    guard let text = try text(name, limit: 64) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    throw .invalid("\(name) must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  func texts(_ name: String) throws(APIError) -> [String]? {
    guard let value = value(name) else { return nil }
    guard value.kind == .array else { throw .invalid("\(name) must be an array of strings") }
    var texts: [String] = []
    for element in value.elements {
      guard let text = element.string else { throw .invalid("\(name) must be an array of strings") }
      texts.append(text.string)
    }
    return texts
  }

  func isArray(_ name: String) -> Bool { value(name)?.kind == .array }

  /// An object whose values are texts.
  func pairs(_ name: String) throws(APIError) -> [String: String]? {
    guard let value = value(name) else { return nil }
    guard value.kind == .object else { throw .invalid("\(name) must be an object of strings") }
    var pairs: [String: String] = [:]
    for field in value.fields {
      guard let text = field.value.string, text.isExact, field.key.text.isExact else {
        throw .invalid("\(name) must be an object of strings")
      }
      pairs[field.key.text.string] = text.string
    }
    return pairs
  }

  func integer(_ name: String, _ range: ClosedRange<Int64>) throws(APIError) -> Int64? {
    guard let value = value(name) else { return nil }
    guard let number = value.integer, range.contains(number) else {
      throw .invalid("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func boolean(_ name: String) throws(APIError) -> Bool? {
    guard let value = value(name) else { return nil }
    guard let boolean = value.boolean else { throw .invalid("\(name) must be true or false") }
    return boolean
  }

  /// Also where it is null.
  func has(_ name: String) -> Bool { json[name] != nil }

  /// Unix milliseconds, from ISO 8601 or epoch seconds.
  func time(_ name: String) throws(APIError) -> Int64? {
    guard let value = value(name) else { return nil }
    if let seconds = value.integer, (0..<100_000_000_000).contains(seconds) { return seconds * 1000 }
    if let text = value.string?.string, let time = Timestamp.milliseconds(iso8601: text.utf8) { return time }
    throw .invalid("\(name) must be an ISO 8601 time or epoch seconds")
  }

  private func value(_ name: String) -> JSONSlice? {
    guard let value = json[name], !value.isNull else { return nil }
    return value
  }
}
