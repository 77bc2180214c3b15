/// Takes sensitive values out of texts and of JSON; everything else stays byte for byte.
///
/// JSON is not decoded and encoded again: values are looked for in what its strings say, whatever escapes they use, and
/// replaced where they stand. A string that is a JSON object or array itself, as arguments of tool calls are, is looked at
/// as such. Numbers that are a sensitive value as a whole become strings.
package struct Redactor: Sendable {
  /// A keyed digest of a value, in hexadecimal digits; by the rule's name, so that equal digits mean equal kinds, too.
  package typealias Digest = @Sendable (_ rule: String, _ value: [UInt8]) -> String

  /// What stands in place of bytes.
  struct Edit {
    var range: Range<Int>
    var replacement: [UInt8]
  }

  let rules: [RedactionRule]
  private let digest: Digest?
  /// How long own rules may search one text, beside a tenth of a second for each megabyte.
  private let patience: Duration

  /// `digest`: nil to mask.
  package init(rules: [RedactionRule] = [], patience: Duration = .seconds(1), digest: Digest? = nil) {
    self.rules = rules
    self.patience = patience
    self.digest = digest
  }

  package func text(_ text: String) -> String {
    let bytes = Bytes(utf8: text)
    return edited(bytes) { edits(ofText: $0, depth: 0) }?.string ?? text
  }

  package func text(_ text: Bytes) -> Bytes { edited(text) { edits(ofText: $0, depth: 0) } ?? text }

  /// A JSON document that was checked; the result is JSON, too.
  package func json(_ document: Bytes) -> Bytes { changed(json: document) ?? document }

  /// nil when there is nothing to take out.
  func changed(json document: Bytes) -> Bytes? { edited(document) { edits(ofJSON: $0, depth: 0) } }

  private func edited(_ bytes: Bytes, _ edits: (UnsafeBufferPointer<UInt8>) -> [Edit]) -> Bytes? {
    bytes.withUnsafeBufferPointer { text in
      let edits = edits(text)
      return edits.isEmpty ? nil : Self.apply(edits, to: text)[...]
    }
  }

  static func apply(_ edits: [Edit], to text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var position = 0
    for edit in edits {
      result.append(contentsOf: text[position..<edit.range.lowerBound])
      result.append(contentsOf: edit.replacement)
      position = edit.range.upperBound
    }
    result.append(contentsOf: text[position...])
    return result
  }

  /// What to change in what a text says.
  func edits(ofText text: UnsafeBufferPointer<UInt8>, depth: Int) -> [Edit] {
    if depth < Self.deepest, isContainer(text) { return edits(ofJSON: text, depth: depth + 1) }
    return edits(ofPlain: text, withOwnRules: true)
  }

  /// How many JSON documents may stand inside one another's strings.
  private static let deepest = 8

  func edits(ofPlain text: UnsafeBufferPointer<UInt8>, withOwnRules: Bool) -> [Edit] {
    var scan = SensitiveScan(text)
    scan.run()
    var matches = scan.matches
    if scan.hasFullWidth { matches += Self.matchesOfFullWidth(text) }
    if withOwnRules {
      for index in rules.indices { search(index, in: text, &matches) }
    }
    guard !matches.isEmpty else { return [] }
    return SensitiveMatch.merged(matches).map { match in
      Edit(range: match.range, replacement: replacement(of: match, in: text))
    }
  }

  private static func matchesOfFullWidth(_ text: UnsafeBufferPointer<UInt8>) -> [SensitiveMatch] {
    let (narrowed, places) = FullWidth.narrowed(text)
    return narrowed.withUnsafeBufferPointer { narrowed in
      var scan = SensitiveScan(narrowed)
      scan.run()
      return scan.matches.map { match in
        SensitiveMatch(range: places[match.range.lowerBound]..<places[match.range.upperBound], rule: match.rule)
      }
    }
  }

  /// What is not searched when the time is over counts as found.
  private func search(_ rule: Int, in text: UnsafeBufferPointer<UInt8>, _ matches: inout [SensitiveMatch]) {
    let deadline = ContinuousClock.now + patience + .milliseconds(text.count / 10_000)
    var position = 0
    while let range = rules[rule].find(in: text, from: position) {
      guard ContinuousClock.now < deadline else {
        matches.append(SensitiveMatch(range: position..<text.count, rule: .unsearched(rule)))
        return
      }
      if range.isEmpty {
        position = range.upperBound + 1
      } else {
        matches.append(SensitiveMatch(range: range, rule: .own(rule)))
        position = range.upperBound
      }
      guard position < text.count else { return }
    }
  }

  private func replacement(of match: SensitiveMatch, in text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    let value = UnsafeBufferPointer(rebasing: text[match.range])
    switch match.rule {
    case .unsearched(let index): return Array("[\(rules[index].name): not searched]".utf8)
    case .builtIn(let kind): return mark(kind.rawValue, nil) { kind.canonical(FullWidth.narrowed(value).text) }
    case .own(let index): return mark(rules[index].name, rules[index].replacement) { Array(value) }
    }
  }

  private func mark(_ rule: String, _ replacement: String?, _ value: () -> [UInt8]) -> [UInt8] {
    guard let digest else { return Array((replacement ?? "[\(rule)]").utf8) }
    return Array("[\(rule):\(digest(rule, value()))]".utf8)
  }
}
