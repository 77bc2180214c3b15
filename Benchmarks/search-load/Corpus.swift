import Foundation
import VerbatimModel

/// Sentences of recorded exchanges, and messages that are made of them; the same in every run.
struct Corpus: Sendable {
  private let chinese: [String]
  private let english: [String]

  init(path: String) throws {
    let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n"))
    var sentences: [Bool: [String]] = [:]
    for line in lines {
      let json = try JSONSlice(checking: Bytes(line))
      for key in ["query", "answer"] {
        let text: String = json[key]?.string?.string ?? ""
        for sentence in text.split(whereSeparator: { "。！？\n.!?".contains($0) }) where sentence.count > 5 {
          let isChinese: Bool = sentence.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) }
          sentences[isChinese, default: []].append(String(sentence) + (isChinese ? "。" : ". "))
        }
      }
    }
    (chinese, english) = (sentences[true] ?? [], sentences[false] ?? [])
  }

  /// Some sentences in no order; every second message is Chinese.
  func message(_ number: Int) -> String {
    var random = Numbers(state: UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
    let sentences: [String] = number % 2 == 0 ? chinese : english
    return (0..<Int(2 + random.next() % 4)).map { _ in sentences[Int(random.next() % UInt64(sentences.count))] }
      .joined()
  }

  /// Two characters each, as they stand somewhere in the Chinese sentences.
  func queries(count: Int) -> [String] {
    var random = Numbers(state: 1)
    var queries: [String] = []
    while queries.count < count {
      let sentence: [Character] = Array(chinese[Int(random.next() % UInt64(chinese.count))])
      let start = Int(random.next() % UInt64(sentence.count - 1))
      let pair: ArraySlice<Character> = sentence[start...start + 1]
      let isChinese: Bool = pair.allSatisfy { $0.unicodeScalars.allSatisfy { (0x4E00...0x9FFF).contains($0.value) } }
      if isChinese { queries.append(String(pair)) }
    }
    return queries
  }
}

struct Numbers: Sendable {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}
