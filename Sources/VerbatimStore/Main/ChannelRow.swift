import Databases
import VerbatimModel

/// Channels as rows.
enum ChannelRow {
  static let columns = """
    id, name, dialect, base_url, secrets, models, priority, weight, connect_timeout, first_byte_timeout, idle_timeout,
      http_version, include_usage, status, created_at, updated_at
    """

  static let insert = BulkInsert(
    into: "verbatim_channels",
    [
      .init("id", .integer), .init("name", .text), .init("dialect", .text), .init("base_url", .text),
      .init("secrets", .blob), .init("models", .text), .init("priority", .integer), .init("weight", .integer),
      .init("connect_timeout", .integer), .init("first_byte_timeout", .integer), .init("idle_timeout", .integer),
      .init("http_version", .integer), .init("include_usage", .text), .init("status", .text),
      .init("created_at", .integer), .init("updated_at", .integer),
    ])

  static func bind(_ channel: Channel, _ sealed: [UInt8], to binds: borrowing Binds) {
    binds.integer(channel.id)
    binds.text(channel.name)
    binds.text(channel.dialect.rawValue)
    binds.text(channel.baseURL)
    binds.blob(sealed[...])
    binds.text(object(channel.models))
    binds.integer(channel.priority)
    binds.integer(channel.weight)
    binds.integer(channel.connectTimeout.wholeMilliseconds)
    binds.integer(channel.firstByteTimeout.wholeMilliseconds)
    binds.integer(channel.idleTimeout.wholeMilliseconds)
    binds.integer(channel.usesHTTP2 ? 2 : 1)
    binds.text(channel.usage.rawValue)
    binds.text(channel.status.rawValue)
    binds.integer(channel.createdAt)
    binds.integer(channel.updatedAt)
  }

  static func channel(_ row: Row, opening secrets: ChannelSecrets, log: Log) throws -> Channel {
    let (dialect, usage, status) = (row.text(2), row.text(12), row.text(13))
    guard let knownDialect = Channel.Dialect(rawValue: dialect), let knownUsage = Channel.UsageOption(rawValue: usage),
      let knownStatus = Channel.Status(rawValue: status)
    else {
      throw StoreError.unusable("verbatim_channels holds \(dialect), \(usage), \(status), which name nothing known")
    }
    var channel = Channel(
      id: row.integer(0), name: row.text(1), dialect: knownDialect, baseURL: row.text(3), key: nil,
      models: pairs(JSONSlice(trusting: row.bytes(5) ?? [])))
    do {
      if let sealed = row.bytes(4) { try secrets.open(Array(sealed), into: &channel) }
    } catch {
      log.error("The key of a channel cannot be opened", ["channel": channel.name, "reason": "\(error)"])
    }
    channel.priority = row.integer(6)
    channel.weight = row.integer(7)
    channel.connectTimeout = .milliseconds(row.integer(8))
    channel.firstByteTimeout = .milliseconds(row.integer(9))
    channel.idleTimeout = .milliseconds(row.integer(10))
    channel.usesHTTP2 = row.integer(11) == 2
    channel.usage = knownUsage
    channel.status = knownStatus
    channel.createdAt = row.integer(14)
    channel.updatedAt = row.integer(15)
    return channel
  }

  /// A JSON object of texts.
  static func object(_ pairs: [String: String]) -> String {
    var json = JSONWriter()
    json.beginObject()
    for (name, value) in pairs.sorted(by: { $0.key < $1.key }) {
      json.key(text: name)
      json.string(value)
    }
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self)
  }

  static func pairs(_ object: JSONSlice) -> [String: String] {
    var pairs: [String: String] = [:]
    for field in object.fields { pairs[field.key.text.string] = field.value.string?.string ?? "" }
    return pairs
  }
}
