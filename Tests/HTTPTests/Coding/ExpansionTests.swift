import Testing
import VerbatimTesting

@testable import HTTP

struct ExpansionTests {
  /// Reads to the end or to an error; gives what was read, the largest part, and the error.
  private func drain(_ body: RequestBody) async -> (size: Int, largestPart: Int, error: HTTPError?) {
    var size = 0
    var largestPart = 0
    do {
      while let part = try await body.next() {
        size += part.count
        largestPart = max(largestPart, part.count)
      }
      return (size, largestPart, nil)
    } catch {
      return (size, largestPart, error as? HTTPError)
    }
  }

  private static let zeros = [UInt8](repeating: 0, count: 8 << 20)

  @Test(arguments: RequestCoding.allCases)
  func `parts stay small, however far a body expands`(coding: RequestCoding) async throws {
    let body = try RequestBody(try coding.encode(Self.zeros)).decoded(from: coding)
    let read = await drain(body)
    #expect(read.error == nil)
    #expect(read.size == Self.zeros.count)
    #expect(read.largestPart <= 128 << 10)
  }

  @Test(arguments: RequestCoding.allCases)
  func `a bomb is refused once it has used up its allowance`(coding: RequestCoding) async throws {
    var limit = ExpansionLimit()
    limit.allowance = 1 << 20
    let body = try RequestBody(try coding.encode(Self.zeros)).decoded(from: coding, limit: limit)
    let read = await drain(body)
    #expect(read.error == .badBody("the body expands to more than 100 times its size"))
    #expect(read.size <= 1 << 20)
  }

  @Test(arguments: RequestCoding.allCases)
  func `a bomb of many members or frames is refused by default`(coding: RequestCoding) async throws {
    let bomb = [[UInt8]](repeating: try coding.encode(Self.zeros), count: 20).flatMap { $0 }
    let read = await drain(try RequestBody(bomb).decoded(from: coding))
    #expect(read.error == .badBody("the body expands to more than 100 times its size"))
    #expect(read.size <= 32 << 20)
  }

  @Test(arguments: RequestCoding.allCases)
  func `no body grows beyond the maximum, whatever its ratio`(coding: RequestCoding) async throws {
    var generator = SeededGenerator(seed: 3)
    var limit = ExpansionLimit()
    limit.maximumSize = 200_000
    let encoded = try coding.encode(generator.text(count: 200_001))
    let read = await drain(try RequestBody(encoded).decoded(from: coding, limit: limit))
    #expect(read.error == .bodyTooLarge(limit: 200_000))
    #expect(read.size <= 200_000)
    limit.maximumSize += 1
    let whole = await drain(try RequestBody(encoded).decoded(from: coding, limit: limit))
    #expect(whole.error == nil)
    #expect(whole.size == 200_001)
  }

  @Test func `a ratio that overflows is no trap`() throws {
    var limit = ExpansionLimit()
    limit.maximumRatio = .max
    limit.allowance = 0
    try limit.check(expanded: 1 << 20, encoded: 2)
  }

  @Test func `a zstd window of 8 MB is taken, a larger one refused`() async throws {
    var generator = SeededGenerator(seed: 5)
    let text = generator.text(count: (8 << 20) + 1)
    let fitting = await drain(try RequestBody(try Compression.zstd(text, windowLog: 23)).decoded(from: .zstd))
    #expect(fitting.error == nil)
    #expect(fitting.size == text.count)
    let large = await drain(try RequestBody(try Compression.zstd(text, windowLog: 24)).decoded(from: .zstd))
    #expect(large.error == .badBody("broken zstd: Frame requires too much memory for decoding"))
    #expect(large.size == 0)
  }

  @Test(arguments: [0x22, 0x23, 0x24, 0x25, 0x26, 0x27] as [UInt8])
  func `zstd formats from before its standard are refused`(version: UInt8) async throws {
    let frame = [version, 0xB5, 0x2F, 0xFD, 0x40, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00]
    let read = await drain(try RequestBody(frame).decoded(from: .zstd))
    #expect(read.error == .badBody("broken zstd: no frame begins here"))
  }

  @Test func `skippable zstd frames are skipped`() async throws {
    let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 9, 9, 9]
    let encoded = skippable + (try Compression.zstd([1, 2, 3])) + skippable
    for parts in [[encoded[...]], encoded.indices.map { encoded[$0...$0] }] {
      let body = try RequestBody.arriving(parts).decoded(from: .zstd)
      #expect(try await body.collect(upTo: 100) == [1, 2, 3])
    }
  }
}
