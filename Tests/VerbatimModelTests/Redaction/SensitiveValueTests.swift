import Testing

@testable import VerbatimModel

@Suite struct SensitiveValueTests {
  private let redactor = Redactor()

  @Test(arguments: [
    ("write to alice@example.com.", "write to [email]."),
    ("邮箱alice.b+c@mail.example.co.uk。", "邮箱[email]。"),
    ("<müller@bücher.de>", "<[email]>"),
    ("'o'brien@example.com'", "'[email]'"),
    ("ALICE@EXAMPLE.COM;b@x.io", "[email];[email]"),
    ("a@b.example.com.Next", "[email]"),
    ("13800138000@qq.com", "[email]"),
    ("alice＠example.com", "[email]"),
  ])
  func `e-mail addresses are found`(text: String, redacted: String) { #expect(redactor.text(text) == redacted) }

  @Test(arguments: [
    ("电话13800138000。", "电话[phone]。"),
    ("电话：１３８００１３８０００", "电话：[phone]"),
    ("138 0013 8000 / 139-0013-8001", "[phone] / [phone]"),
    ("8613800138000", "[phone]"), ("86 13800138000", "[phone]"), ("+86 138-0013-8000", "[phone]"),
    ("+14155552671", "[phone]"), ("+1 (415) 555-2671,", "[phone],"), ("+44 (0)20 7946 0958.", "[phone]."),
    ("+49-30-901820", "[phone]"), ("+86 13800138000 13900139000", "[phone] [phone]"),
    ("(415) 555-2671", "[phone]"), ("1-415-555-2671", "[phone]"), ("415-555-2671x", "415-555-2671x"),
    ("010-12345678", "[phone]"), ("（0755）8888-6666", "[phone]"), ("(0755) 88886666", "[phone]"),
    ("user_13800138000", "user_[phone]"),
  ])
  func `telephone numbers are found`(text: String, redacted: String) { #expect(redactor.text(text) == redacted) }

  @Test(arguments: [
    ("11010519491231002X", "[id_card]"), ("11010519491231002x，男", "[id_card]，男"),
    ("身份证440524188001010014号", "身份证[id_card]号"), ("110105 19491231 002X", "[id_card]"),
    ("110105194912310021", "110105194912310021"), ("11010519491331002X", "11010519491331002X"),
  ])
  func `identity cards are found by their check`(text: String, redacted: String) {
    #expect(redactor.text(text) == redacted)
  }

  @Test(arguments: [
    ("4111111111111111", "[card]"), ("4111 1111 1111 1111 12/27", "[card] 12/27"), ("5500-0000-0000-0004", "[card]"),
    ("order 12 4111 1111 1111 1111", "order 12 [card]"), ("3782 822463 10005", "[card]"),
    ("卡号6222021234567890128", "卡号[card]"), ("4111111111111112", "4111111111111112"),
  ])
  func `bank cards are found by their check`(text: String, redacted: String) {
    #expect(redactor.text(text) == redacted)
  }

  @Test(arguments: [
    ("from 192.168.1.10:80", "from [ip]:80"), ("10.0.0.1/8", "[ip]/8"), ("at 2001:db8::1.", "at [ip]."),
    ("fe80::1ff:fe23:4567:890a%eth0", "[ip]%eth0"), ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "[ip]"),
    ("::ffff:192.0.2.1", "[ip]"), ("地址1.2.3.4，", "地址[ip]，"),
  ])
  func `IP addresses are found`(text: String, redacted: String) { #expect(redactor.text(text) == redacted) }

  @Test(arguments: [
    ("key sk-proj-abcDEF0123456789abcdef!", "key [api_key]!"), ("AKIAIOSFODNN7EXAMPLE", "[api_key]"),
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "[api_key]"), ("xoxb-123456789012-abcdef", "[api_key]"),
    ("vb-0123456789abcdefABCDEF", "[api_key]"), ("AIzaSyA-0123456789abcdefghijklmnopqrstu", "[api_key]"),
    ("Authorization: Bearer abc.def-0123456789", "Authorization: Bearer [api_key]"),
    ("bearer  0123456789abcdef==;", "bearer  [api_key];"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[api_key]"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAB==\n-----END RSA PRIVATE KEY-----\nrest", "[api_key]\nrest"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE\nAB==。", "[api_key]。"),
    ("sk_live_0123456789abcdef", "[api_key]"),
  ])
  func `API keys are found`(text: String, redacted: String) { #expect(redactor.text(text) == redacted) }

  @Test(arguments: [
    "at 1748779200000 ms and 1748779200000000 µs", "ISBN 9787111213826", "2025-06-01 12:30:45", "12:30:45.678",
    "version 1.2.3.4.5 of v10.20.30.40", "std::vector<int> a::b", "aa:bb:cc:dd:ee:ff", "0.13800138000",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "sha 13812345678abcdef", "alice@localhost", "@mention and a@b",
    "sk-learn-ensemble-methods-are-good", "risk-0123456789abcdef0123", "Bearer authentication-is-required",
    "-----BEGIN CERTIFICATE-----", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "+1",
    "3.14159265358979323846", "1380013800", "12345678901234567890", "eyJhbGciOi", "300.1.1.1", "1,380,013,800",
    "6.0.0-beta", "０１２", "Ａ＠", "12 345 6789", "x@-.", "", "@", "+", ":", "-",
  ])
  func `what only looks like a value stays`(text: String) { #expect(redactor.text(text) == text) }

  @Test func `values that overlap become one mark`() {
    #expect(redactor.text("+14155552671@example.com") == "[phone]")
    #expect(redactor.text("192.168.1.1@example.com") == "[email]")
  }

  @Test func `long rows of numbers take no more than their length and lose nothing`() {
    let row = String(repeating: "12 ", count: 10_000)
    #expect(redactor.text(row + "4111 1111 1111 1111") == row + "[card]")
    let keys = String(repeating: "-----BEGIN PRIVATE KEY-----!", count: 5_000)
    #expect(redactor.text(keys) == String(repeating: "[api_key]!", count: 5_000))
    let colons = String(repeating: "a@:1-_+.", count: 100_000)
    #expect(redactor.text(colons) == colons)
  }
}
