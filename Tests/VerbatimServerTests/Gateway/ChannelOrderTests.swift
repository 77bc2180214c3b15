import Testing
import VerbatimStore

@testable import VerbatimServer

@Suite struct ChannelOrderTests {
  private func channel(
    _ name: String, _ models: [String], priority: Int64 = 0, weight: Int64 = 1, dialect: Channel.Dialect = .openai
  ) -> Channel {
    var channel = Channel(
      name: name, dialect: dialect, baseURL: "", key: nil,
      models: Dictionary(uniqueKeysWithValues: models.map { ($0, $0) }))
    channel.priority = priority
    channel.weight = weight
    return channel
  }

  private func names(_ channels: [Channel], _ model: String?, random: Double = 0.5) -> [String] {
    ChannelOrder.of(channels, for: model, [.openai], random: { random }).map(\.name)
  }

  @Test func `who names the model goes before who takes any, and priority decides among them`() {
    let channels = [
      channel("any", ["*"], priority: 9), channel("low", ["m"]), channel("high", ["m"], priority: 5),
      channel("other", ["n"]),
    ]
    #expect(names(channels, "m") == ["high", "low", "any"])
    #expect(names(channels, "x") == ["any"])
    #expect(names(Array(channels.dropFirst()), "x") == [])
    #expect(names(channels, nil).count == 4)
  }

  @Test func `other dialects and disabled ones are left out`() {
    var disabled = channel("off", ["m"])
    disabled.status = .disabled
    #expect(names([disabled, channel("anthropic", ["m"], dialect: .anthropic)], "m") == [])
  }

  @Test func `weights decide how often one is the first`() {
    let channels = [channel("one", ["m"], weight: 1), channel("three", ["m"], weight: 3)]
    var generator = SystemRandomNumberGenerator()
    var first = 0
    for _ in 0..<4000 {
      let order = ChannelOrder.of(channels, for: "m", [.openai]) { .random(in: 0..<1, using: &generator) }
      if order.first?.name == "three" { first += 1 }
    }
    // Expected 3,000; fifteen standard deviations of 27.
    #expect((2600...3400).contains(first))
  }

  @Test func `an alias is what the upstream calls the model`() {
    var aliased = channel("a", [])
    aliased.models = ["fast": "gpt-4o-mini", "*": "*"]
    #expect(aliased.upstreamName(of: "fast") == "gpt-4o-mini")
    #expect(aliased.upstreamName(of: "else") == "else")
  }
}
