import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ChannelStoreTests {
  private static let secretKey = [UInt8](repeating: 7, count: 32)

  private func withMain(
    _ engine: TestEngine, secretKey: [UInt8]? = secretKey,
    _ body: (MainStore, MainStore.Configuration) async throws -> Void
  ) async throws {
    try await engine.withFixture { fixture in
      var configuration = MainStore.Configuration(fixture.engine)
      configuration.secretKey = secretKey
      let main = try await MainStore.open(configuration)
      do {
        try await body(main, configuration)
        await main.close()
      } catch {
        await main.close()
        throw error
      }
    }
  }

  private var channel: Channel {
    var channel = Channel(
      name: "main", dialect: .azure, baseURL: "https://x.example/openai/v1", key: "sk-天",
      models: ["fast": "gpt-4o-mini", "a\"b": "c"])
    channel.priority = -3
    channel.weight = 7
    channel.fields = ["X-A": "b"]
    channel.connectTimeout = .seconds(3)
    channel.firstByteTimeout = .seconds(4)
    channel.idleTimeout = .seconds(5)
    channel.usesHTTP2 = true
    channel.usage = .off
    return channel
  }

  @Test(arguments: TestEngine.allCases)
  func `a channel comes back as it was made, and changes move the revision`(engine: TestEngine) async throws {
    try await withMain(engine) { main, _ in
      let before = try await main.channelRevision()
      let made = try #require(await main.createChannel(channel))
      #expect(made.id == 1)
      #expect(try await main.channels() == [made])
      #expect(made.key == "sk-天" && made.fields == ["X-A": "b"] && made.models == channel.models)
      #expect(try await main.createChannel(channel) == nil)

      let changed = try #require(await main.changeChannel(1) { $0.status = .disabled })
      #expect(changed.key == "sk-天" && changed.status == .disabled)
      #expect(try await main.channels() == [changed])
      #expect(try await main.changeChannel(2) { _ in } == nil)

      #expect(try await main.deleteChannel(1) == changed)
      #expect(try await main.channels().isEmpty)
      #expect(try await main.deleteChannel(1) == nil)
      #expect(try await main.createChannel(channel)?.id == 2)
      #expect(try await main.channelRevision() > before + 3)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `channels that are made at once get numbers of their own`(engine: TestEngine) async throws {
    try await withMain(engine) { main, _ in
      let ids = try await withThrowingTaskGroup(of: Int64?.self) { group in
        for number in 0..<8 {
          var new = channel
          new.name = "channel \(number)"
          group.addTask { [new] in try await main.createChannel(new)?.id }
        }
        return try await group.reduce(into: Set<Int64>()) { ids, id in if let id { ids.insert(id) } }
      }
      #expect(ids == Set(1...8))
    }
  }

  @Test func `with another key the channel is there, but without what was sealed`() async throws {
    try await withMain(.sqlite) { main, configuration in
      _ = try await main.createChannel(channel)
      await main.close()
      var other = configuration
      other.secretKey = [UInt8](repeating: 8, count: 32)
      let reopened = try await MainStore.open(other)
      let found = try await reopened.channels()
      #expect(found.map(\.name) == ["main"])
      #expect(found.first?.key == nil)
      await reopened.close()
    }
  }

  @Test func `beside a file the key is made once, for its owner alone`() async throws {
    try await withMain(.sqlite, secretKey: nil) { main, configuration in
      let path = try #require(configuration.engine.file?.path) + ".key"
      #expect(!FileManager.default.fileExists(atPath: path))
      _ = try await main.createChannel(channel)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      let made = try String(contentsOfFile: path, encoding: .utf8)
      _ = try await main.changeChannel(1) { $0.key = "sk-other" }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == made)
      #expect(try await main.channels().first?.key == "sk-other")
    }
  }

  @Test func `on a server a key has to be given`() async throws {
    try await withMain(.postgreSQL, secretKey: nil) { main, _ in
      await #expect(throws: StoreError.self) { _ = try await main.createChannel(channel) }
      let channels = try await main.channels()
      #expect(channels.isEmpty)
    }
  }
}
