import Foundation
import VerbatimModel
import VerbatimTesting

/// Request bodies for tests.
enum Bodies {
  static func exchange(
    _ query: String = "What is a ledger?", answer: String = "A book of accounts.", _ more: String = ""
  ) -> String {
    let rest = more.isEmpty ? "" : ",\(more)"
    return "{\"app_id\":\"app\",\"user_id\":\"user\",\"query\":\(quoted(query)),\"answer\":\(quoted(answer))\(rest)}"
  }

  static func quoted(_ text: String) -> String {
    var json = JSONWriter()
    json.string(text)
    return String(decoding: json.bytes, as: UTF8.self)
  }
}

extension TestAPI.Answer {
  subscript(key: String) -> JSONSlice? { json[key] }

  func string(_ key: String) -> String? { json[key]?.string?.string }

  func integer(_ key: String) -> Int64? { json[key]?.integer }

  var results: [JSONSlice] { json["results"].map { Array($0.elements) } ?? [] }

  var data: [JSONSlice] { json["data"].map { Array($0.elements) } ?? [] }
}

extension JSONSlice {
  func string(_ key: String) -> String? { self[key]?.string?.string }

  /// The value as its own text, for comparing.
  var text: String { bytes.string }
}

/// JSON values compared as JSON compares them: by what they say, not by how it is written.
func isSameJSON(_ left: JSONSlice?, _ right: JSONSlice?) -> Bool {
  guard let left, let right else { return left == nil && right == nil }
  guard left.kind == right.kind else { return false }
  switch left.kind {
  case .object:
    let (leftFields, rightFields) = (Array(left.fields), Array(right.fields))
    return leftFields.count == rightFields.count
      && leftFields.allSatisfy { isSameJSON($0.value, right[$0.key.text.string]) }
  case .array:
    let (leftElements, rightElements) = (Array(left.elements), Array(right.elements))
    return leftElements.count == rightElements.count
      && zip(leftElements, rightElements).allSatisfy { isSameJSON($0, $1) }
  case .string:
    return left.string?.string == right.string?.string
  case .number, .boolean, .null:
    return left.text == right.text
  }
}
