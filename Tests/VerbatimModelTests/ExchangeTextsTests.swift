import Testing

@testable import VerbatimModel

@Suite struct ExchangeTextsTests {
  typealias Column = ExchangeTexts.Column

  private func texts(_ values: [Column: String]) -> ExchangeTexts {
    ExchangeTexts { column, bytes in
      guard let value = values[column] else { return false }
      bytes += value.utf8
      return true
    }
  }

  @Test(arguments: Column.allCases)
  func `One text among absent ones is found`(_ present: Column) {
    let texts = texts([present: "天气"])
    for column in Column.allCases {
      #expect(texts.optionalString(column) == (column == present ? "天气" : nil))
    }
  }

  @Test(arguments: Column.allCases)
  func `One absent text among others is found`(_ absent: Column) {
    var values: [Column: String] = [:]
    for column in Column.allCases where column != absent { values[column] = "\(column)" }
    let texts = texts(values)
    for column in Column.allCases { #expect(texts.optionalString(column) == values[column]) }
    #expect(texts.string(absent) == "")
  }

  @Test func `An empty text is not an absent one`() {
    let texts = texts([.conversationID: "", .usage: ""])
    #expect(texts[.conversationID] == [])
    #expect(texts[.appID] == nil)
    #expect(texts[.usage] == [])
  }

  @Test func `Texts are written as strings, as JSON or as what stands in for them`() {
    let texts = texts([.appID: "a\"b", .inputs: #"{"n": 1}"#])
    var writer = JSONWriter()
    writer.beginArray()
    writer.string(.appID, of: texts)
    writer.string(.userID, of: texts)
    writer.raw(.inputs, of: texts, else: "{}")
    writer.raw(.metadata, of: texts, else: "{}")
    writer.endArray()
    #expect(writer.bytes[...].string == #"["a\"b",null,{"n": 1},{}]"#)
  }
}
