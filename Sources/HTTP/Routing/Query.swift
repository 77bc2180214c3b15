/// Reading `a=1&b=2`, the part of a request's target behind `?`.
package enum QueryString {
  /// The decoded value of a name; of several, the last. A name without `=` has an empty value.
  package static func value(of name: String, in query: String?) -> String? {
    var rest: Substring.UTF8View = (query ?? "")[...].utf8
    while !rest.isEmpty {
      let separator = rest.lastIndex(of: UInt8(ascii: "&"))
      let pair = rest[(separator.map { rest.index(after: $0) } ?? rest.startIndex)...]
      rest = separator.map { rest[..<$0] } ?? rest[..<rest.startIndex]
      let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      guard PercentEncoding.decodeForm(Substring(pair[..<end])) == name else { continue }
      return PercentEncoding.decodeForm(Substring(pair[end...].dropFirst()))
    }
    return nil
  }

  /// All decoded names with their values, in their order.
  package static func pairs(in query: String?) -> [(name: String, value: String)] {
    (query ?? "").utf8.split(separator: UInt8(ascii: "&")).map { pair in
      let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      return (
        PercentEncoding.decodeForm(Substring(pair[..<end])),
        PercentEncoding.decodeForm(Substring(pair[end...].dropFirst()))
      )
    }
  }
}
