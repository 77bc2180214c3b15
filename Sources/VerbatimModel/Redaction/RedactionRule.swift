import CRE2

/// An operator's own rule: a regular expression in RE2's syntax, which is searched in linear time.
package final class RedactionRule: Sendable {
  /// Why a rule cannot be used.
  package struct Fault: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// What RE2 may take for one expression and its automata.
  private static let memory: Int64 = 16 << 20

  /// 1 to 64 of `a-z`, `0-9`, `_` and `-`.
  package let name: String
  /// What stands for a match where nothing else is asked for; nil: `[name]`.
  package let replacement: String?
  /// Immutable, and RE2 is safe to search from many threads.
  private nonisolated(unsafe) let expression: OpaquePointer

  package init(name: String, pattern: String, replacement: String? = nil) throws(Fault) {
    let isName = (1...64).contains(name.utf8.count) && name.utf8.allSatisfy(Self.isNameByte)
    guard isName else { throw Fault(description: "the name “\(name)” is not 1 to 64 of a-z, 0-9, _ and -") }
    var reason = [CChar](repeating: 0, count: 200)
    let bytes = Array(pattern.utf8)
    guard let expression = re2_make(bytes, bytes.count, Self.memory, &reason, reason.count) else {
      let text = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw Fault(description: "the pattern of \(name) is no regular expression of RE2: \(text)")
    }
    self.name = name
    self.replacement = replacement
    self.expression = expression
    guard find(in: UnsafeBufferPointer(start: nil, count: 0), from: 0) == nil else {
      throw Fault(description: "the pattern of \(name) matches the empty text, and would be found everywhere")
    }
  }

  deinit { re2_free(expression) }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte.isDigit || (byte.isASCIILetter && byte & 0x20 != 0) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  /// The leftmost match.
  func find(in text: UnsafeBufferPointer<UInt8>, from position: Int) -> Range<Int>? {
    var start = 0
    var end = 0
    guard re2_find(expression, text.baseAddress, text.count, position, &start, &end) else { return nil }
    return start..<end
  }
}

extension RedactionRule {
  private static let most = 100

  /// From a file: a JSON array of objects with `name`, `pattern` and, if wanted, `replacement`.
  package static func parse(_ file: Bytes) throws(Fault) -> [RedactionRule] {
    let document: JSONSlice
    do {
      document = try JSONSlice(checking: file)
    } catch {
      throw Fault(description: "it is not JSON: \(error.reason) at byte \(error.offset)")
    }
    guard document.kind == .array else { throw Fault(description: "it is not a JSON array of rules") }
    var rules: [RedactionRule] = []
    for element in document.elements {
      guard rules.count < most else { throw Fault(description: "it has more than \(most) rules") }
      let rule = try parse(element)
      guard !rules.contains(where: { $0.name == rule.name }), SensitiveKind(rawValue: rule.name) == nil else {
        throw Fault(description: "the name \(rule.name) is taken")
      }
      rules.append(rule)
    }
    return rules
  }

  private static func parse(_ element: JSONSlice) throws(Fault) -> RedactionRule {
    guard let name = element["name"]?.string, let pattern = element["pattern"]?.string else {
      throw Fault(description: "a rule is not an object with the strings name and pattern")
    }
    let replacement = element["replacement"]
    guard replacement == nil || replacement?.string != nil else {
      throw Fault(description: "the replacement of \(name.string) is no string")
    }
    return try RedactionRule(
      name: name.string, pattern: pattern.string, replacement: replacement?.string?.string)
  }
}
