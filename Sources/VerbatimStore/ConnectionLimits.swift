import Databases
import Foundation

/// How many connections a store holds to a database server, and for how long.
package struct ConnectionLimits: Sendable, Equatable {
  /// Together, those that write included; at least one more than those reads.
  package var open = 32
  /// Reading ones that are kept while nobody reads.
  package var idle = 8
  /// nil: as old as they like.
  package var lifetime: Duration? = .seconds(600)

  package init() {}

  func apply(to database: inout Database.Configuration) {
    guard database.engine.file == nil else {
      // Reading is bound by the processor when pages are cached, and more readers only switch more.
      database.maximumReaders = min(max(2, ProcessInfo.processInfo.activeProcessorCount), max(1, open - 1))
      return
    }
    database.maximumReaders = max(1, open - database.writerCount)
    database.maximumIdleReaders = idle
    database.lifetime = lifetime
  }
}

/// How many connections there are, and what became of others.
package typealias ConnectionStatistics = PoolStatistics

extension Store {
  /// Of the connections to the database, those that write included: they are always open and count as used.
  package var connectionStatistics: ConnectionStatistics {
    var statistics: ConnectionStatistics = database.readerStatistics
    statistics.capacity += database.writers.count
    statistics.open += database.writers.count
    return statistics
  }
}
