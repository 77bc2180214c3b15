import Testing

@testable import HTTP

struct DecodedBodyTests {
  private func decode(_ coding: RequestCoding, _ parts: [ArraySlice<UInt8>]) async throws -> [UInt8] {
    try await RequestBody.arriving(parts).decoded(from: coding).collect(upTo: 64 << 20)
  }

  private static let text = Array("hello hello hello 天".utf8)

  /// What gzip 1.12 and zstd 1.5.4 made of `text`: a gzip member with a file name, a zstd frame with a checksum.
  private static let fixtures: [(RequestCoding, [UInt8])] = [
    (
      .gzip,
      [
        0x1f, 0x8b, 0x08, 0x08, 0xc0, 0xa4, 0x00, 0x6b, 0x00, 0x03, 0x66, 0x2e, 0x74, 0x78, 0x74, 0x00, 0xcb, 0x48,
        0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x22, 0x9f, 0x2e, 0x59, 0x09, 0x00, 0xc8, 0xb0, 0x5f, 0x5c, 0x15, 0x00,
        0x00, 0x00,
      ]
    ),
    (
      .zstd,
      [
        0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x15, 0x7d, 0x00, 0x00, 0x48, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0xe5, 0xa4,
        0xa9, 0x01, 0x00, 0xe1, 0x4a, 0x11, 0x22, 0x39, 0xad, 0x1d,
      ]
    ),
  ]

  @Test(arguments: fixtures)
  func `what the tools made is decoded, wherever it is split`(coding: RequestCoding, encoded: [UInt8]) async throws {
    for index in encoded.indices {
      #expect(try await decode(coding, [encoded[..<index], [], encoded[index...]]) == Self.text)
    }
    #expect(try await decode(coding, encoded.indices.map { encoded[$0...$0] }) == Self.text)
  }

  @Test(arguments: fixtures)
  func `a body cut off at any byte is broken`(coding: RequestCoding, encoded: [UInt8]) async throws {
    for count in 1..<encoded.count {
      await #expect(throws: HTTPError.badBody("the encoded body is cut off"), "\(count)") {
        _ = try await decode(coding, [encoded.prefix(count)])
      }
      await #expect(throws: HTTPError.badBody("the encoded body is cut off"), "a second one, \(count)") {
        _ = try await decode(coding, [encoded + encoded.prefix(count)])
      }
    }
  }

  @Test(arguments: fixtures)
  func `a body with any byte changed is broken or says the same`(
    coding: RequestCoding, encoded: [UInt8]
  ) async throws {
    for index in encoded.indices {
      for flip: UInt8 in [0x01, 0x80, 0xff] {
        var changed = encoded
        changed[index] ^= flip
        do {
          #expect(try await decode(coding, [changed[...]]) == Self.text, "byte \(index)")
        } catch HTTPError.badBody {
          continue
        }
      }
    }
  }

  @Test(arguments: fixtures)
  func `several members or frames follow each other`(coding: RequestCoding, encoded: [UInt8]) async throws {
    let more = try coding.encode(Array("more".utf8))
    let empty = try coding.encode([])
    let whole = encoded + empty + empty + more
    #expect(try await decode(coding, [whole[...]]) == Self.text + Array("more".utf8))
    #expect(try await decode(coding, whole.indices.map { whole[$0...$0] }) == Self.text + Array("more".utf8))
  }

  @Test(arguments: fixtures, [[0x00], [0x0a], [0xff, 0xff, 0xff], Array("{\"a\":1} and so on".utf8)] as [[UInt8]])
  func `anything behind the end is broken`(fixture: (RequestCoding, [UInt8]), garbage: [UInt8]) async throws {
    let (coding, encoded) = fixture
    for parts in [[(encoded + garbage)[...]], [encoded[...], garbage[...]]] {
      do {
        _ = try await decode(coding, parts)
        Issue.record("taken")
      } catch HTTPError.badBody {
        continue
      }
    }
  }

  @Test(arguments: RequestCoding.allCases)
  func `an empty body has nothing to decode`(coding: RequestCoding) async throws {
    #expect(try await decode(coding, []) == [])
    #expect(try await decode(coding, [[], []]) == [])
    #expect(try await decode(coding, [try coding.encode([])[...]]) == [])
  }

  @Test(arguments: RequestCoding.allCases)
  func `a broken body stays broken`(coding: RequestCoding) async throws {
    let body = try RequestBody(Array("not encoded at all".utf8)).decoded(from: coding)
    for _ in 0..<3 {
      do {
        _ = try await body.next()
        Issue.record("taken")
      } catch HTTPError.badBody {
        continue
      }
    }
  }

  @Test(arguments: RequestCoding.allCases)
  func `an ended body stays ended`(coding: RequestCoding) async throws {
    let body = try RequestBody(try coding.encode([1, 2, 3])).decoded(from: coding)
    #expect(try await body.next() == [1, 2, 3])
    #expect(try await body.next() == nil)
    #expect(try await body.next() == nil)
  }

  @Test(arguments: RequestCoding.allCases)
  func `an error of the encoded body passes`(coding: RequestCoding) async throws {
    let body = try RequestBody { throw HTTPError.peerGone }.decoded(from: coding)
    await #expect(throws: HTTPError.peerGone) { _ = try await body.next() }
  }

  @Test(arguments: RequestCoding.allCases)
  func `random bodies come back, however they are cut and strung together`(coding: RequestCoding) async throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<60 {
      var plain: [UInt8] = []
      var encoded: [UInt8] = []
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let text = generator.text(count: Int.random(in: 0...300_000, using: &generator))
        plain += text
        encoded += try coding.encode(text)
      }
      let largest = Int.random(in: 1...70_000, using: &generator)
      let decoded = try await decode(coding, generator.split(encoded, largest: largest))
      #expect(decoded == plain)
    }
  }

  @Test(arguments: RequestCoding.allCases)
  func `noise never does more than fail`(coding: RequestCoding) async throws {
    var generator = SeededGenerator(seed: 11)
    let sound = try coding.encode(generator.text(count: 5_000))
    for _ in 0..<2_000 {
      var damaged = sound
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        damaged[Int.random(in: damaged.indices, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      do {
        _ = try await decode(coding, generator.split(damaged, largest: 900))
      } catch HTTPError.badBody {
        continue
      }
    }
  }
}
