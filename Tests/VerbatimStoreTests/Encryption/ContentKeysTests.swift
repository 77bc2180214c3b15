import Testing
import VerbatimModel

@testable import VerbatimStore

@Suite struct ContentKeysTests {
  private static let row = UUIDv7(high: 0x0197_0000_0000_7000, low: 0x8000_0000_0000_0001)

  @Test(arguments: ["", "%", "天气 🙂", String(repeating: "long ", count: 10_000)])
  func `what was sealed opens`(text: String) throws {
    let sealed = TestKeys.one.sealed(Bytes(utf8: text), of: Self.row, .content)
    #expect(sealed.string.hasPrefix("enc:v1:one:"))
    #expect(text.isEmpty || !sealed.string.contains(text))
    #expect(try TestKeys.one.opened(sealed, of: Self.row, .content).string == text)
    #expect(try TestKeys.twoThenOne.opened(sealed, of: Self.row, .content).string == text)
    #expect(TestKeys.one.sealed(Bytes(utf8: text), of: Self.row, .content) != sealed)
  }

  @Test func `a sealed text opens in its row and column alone, and unchanged`() throws {
    let sealed = TestKeys.one.sealed(Bytes(utf8: "words"), of: Self.row, .content)
    #expect(throws: StoreError.self) { try TestKeys.one.opened(sealed, of: Self.row, .raw) }
    #expect(throws: StoreError.self) { try TestKeys.one.opened(sealed, of: Self.row.adding(1), .content) }
    for index in sealed.indices.dropFirst("enc:v1:one:".utf8.count) {
      var changed = sealed
      changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(throws: StoreError.self) { try TestKeys.one.opened(changed, of: Self.row, .content) }
    }
    for length in "enc:v1:one:".utf8.count..<sealed.count {
      #expect(throws: StoreError.self) { try TestKeys.one.opened(sealed.prefix(length), of: Self.row, .content) }
    }
  }

  @Test func `a key that is not there is named`() throws {
    let sealed = TestKeys.one.sealed(Bytes(utf8: "words"), of: Self.row, .content)
    let error = #expect(throws: StoreError.self) { try ContentKeys.none.opened(sealed, of: Self.row, .content) }
    guard case .unusable(let reason) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(reason.contains("with the key one, which CONTENT_KEYS does not have"))
  }

  @Test(arguments: ["enc:v1:one:AAAA", "enc:v0:x", "enc:v", "enc:v9", "plain", "[enc:v1:"])
  func `a text that looks like a sealed one comes back as it is`(text: String) throws {
    for keys in [ContentKeys.none, TestKeys.one] {
      let stored = keys.sealed(Bytes(utf8: text), of: Self.row, .content)
      #expect(try TestKeys.one.opened(stored, of: Self.row, .content).string == text)
    }
  }

  @Test(arguments: [
    ("", "there is no key"), ("none", "there is no key"), ("one", "key 1 is not id:key"),
    ("ONE:\(TestKeys.first)", "key 1 is not id:key"), ("one:c2hvcnQ=", "the key one is not 32 bytes"),
    ("one:\(TestKeys.first),one:\(TestKeys.second)", "the key one is there twice"),
    ("a:\(TestKeys.first)\nb:!!", "the key b is not 32 bytes"),
  ])
  func `a list of keys that cannot be used says why, and shows none`(list: String, reason: String) throws {
    let fault = #expect(throws: ContentKeys.Fault.self) { try ContentKeys(parsing: list) }
    let text = try #require(fault).description
    #expect(text.hasPrefix(reason))
    #expect(!text.contains(TestKeys.first))
  }
}

enum TestKeys {
  static let first = Base64.encode(Array(repeating: 1, count: 32)).reduce(into: "") {
    $0.append(Character(UnicodeScalar($1)))
  }
  static let second = Base64.encode(Array(0..<32)).reduce(into: "") { $0.append(Character(UnicodeScalar($1))) }

  static let one = keys("one:\(first)")
  static let twoThenOne = keys("two:\(second), one:\(first)")
  static let two = keys("two:\(second)")
  static let noneThenBoth = keys("none,one:\(first)\ntwo:\(second)")

  private static func keys(_ list: String) -> ContentKeys {
    do { return try ContentKeys(parsing: list) } catch { preconditionFailure("\(error)") }
  }
}
