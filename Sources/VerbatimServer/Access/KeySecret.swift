/// An API key as its owner has it: `vb-`, 8 characters by which it is known again, `-`, and 43 that make it secret,
/// more than 256 bits of chance. So a plain hash of it is as safe as the key: there is nothing to guess from.
package struct KeySecret: Sendable {
  private static let mark = "vb-"
  private static let visible = 8
  private static let hidden = 43
  private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
  private static let length = mark.utf8.count + visible + 1 + hidden

  package let text: String

  /// A new one, from the system's source of randomness.
  package init() {
    text = Self.mark + Self.random(Self.visible) + "-" + Self.random(Self.hidden)
  }

  /// What of it may be shown again.
  var prefix: String { String(text.prefix(Self.mark.count + Self.visible)) }

  var digest: KeyDigest { KeyDigest(of: text) }

  /// Whether somebody means one of our keys by it.
  static func isMeant(by text: String) -> Bool { text.utf8.starts(with: mark.utf8) }

  /// Whether it could be one.
  static func isWellFormed(_ text: String) -> Bool { isMeant(by: text) && text.utf8.count == length }

  private static func random(_ count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    let characters = (0..<count).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] }
    return String(decoding: characters, as: UTF8.self)
  }
}
