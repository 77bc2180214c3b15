import Glibc
import VerbatimStore

/// In which order upstreams are asked for a model.
enum ChannelOrder {
  /// Those that name the model before those that take any; then by priority, and within one by chance, as their weights
  /// say. `model`: nil for calls that name none. `random`: 0 to 1.
  static func of(
    _ channels: [Channel], for model: String?, _ dialects: Set<Channel.Dialect>,
    random: () -> Double = { .random(in: 0..<1) }
  ) -> [Channel] {
    let usable = channels.filter { channel in
      channel.status == .enabled && dialects.contains(channel.dialect)
        && (model.map { channel.upstreamName(of: $0) != nil } ?? true)
    }
    let ranked = usable.map { (channel: $0, rank: Rank($0, model), lot: lot($0.weight, random())) }
    return ranked.sorted { $0.rank == $1.rank ? $0.lot < $1.lot : $0.rank < $1.rank }.map(\.channel)
  }

  /// The smaller the earlier: exponentially distributed with the weight as rate, so that the first is drawn by weight,
  /// then the next among the rest (Efraimidis and Spirakis, 2006).
  private static func lot(_ weight: Int64, _ random: Double) -> Double {
    log(1 - random) / -Double(max(1, weight))
  }

  private struct Rank: Equatable {
    let namesModel: Bool
    let priority: Int64

    init(_ channel: Channel, _ model: String?) {
      namesModel = model.map { channel.models[$0] != nil } ?? false
      priority = channel.priority
    }

    static func < (left: Rank, right: Rank) -> Bool {
      left.namesModel == right.namesModel ? left.priority > right.priority : left.namesModel
    }
  }
}

extension Channel {
  /// What the upstream calls a model; nil where it has none of this name.
  func upstreamName(of model: String) -> String? {
    models[model] ?? (models[Channel.anyModel] != nil ? model : nil)
  }
}
