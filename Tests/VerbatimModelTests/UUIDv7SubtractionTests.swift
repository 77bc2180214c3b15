import Testing
import VerbatimModel

@Suite struct UUIDv7SubtractionTests {
  @Test(arguments: [0, 1, 39, 1 << 20] as [UInt64])
  func `subtracting leads back from what was added`(count: UInt64) {
    for low: UInt64 in [0, 5, 1 << 62 - 1] {
      let id = UUIDv7(high: 0x0194_6000_0000_7000, low: 0b10 << 62 | low)
      #expect(id.adding(count).subtracting(count) == id)
    }
  }
}
