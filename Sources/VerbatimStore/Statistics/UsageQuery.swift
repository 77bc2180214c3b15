import Databases

/// Which sums of usage are wanted.
///
/// They are answered from counters that move with the rows, never from rows, so they are exact and stay when rows go.
/// What was used is counted by the app and user that each exchange named.
package struct UsageQuery: Sendable {
  /// What sums are taken by.
  package enum Dimension: String, Sendable, CaseIterable {
    case day, hour, model, app, user, channel, status
  }

  /// Why a query cannot be answered, for a person.
  package struct Contradiction: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  package static let mostDimensions = 2
  /// Hours are many.
  package static let mostDaysOfHours: Int64 = 92

  package var reach: Reach
  package var dimensions: [Dimension] = []
  /// In the partition time zone, both included; nil for no bound.
  package var from: Day?
  package var to: Day?
  package var appID: String?
  package var userID: String?
  package var modelName: String?
  /// Groups at most.
  package var limit = 1_000
  /// Costs as much as there are counters of users and days in the range.
  package var countsActiveUsers = false

  package init(_ reach: Reach) { self.reach = reach }

  /// Counters of hours know no users.
  var isByHour: Bool { dimensions.contains(.hour) || dimensions.contains(.channel) }

  var isByUser: Bool { userID != nil || reach.user != nil || dimensions.contains(.user) }

  /// Throws for what no counters tell.
  package func check() throws(Contradiction) {
    guard dimensions.count <= Self.mostDimensions, Set(dimensions).count == dimensions.count else {
      throw Contradiction(description: "group_by names at most \(Self.mostDimensions) different dimensions")
    }
    if let from, let to, from > to { throw Contradiction(description: "from must not be later than to") }
    guard isByHour else { return }
    if isByUser || countsActiveUsers {
      throw Contradiction(description: "hours and channels are not counted by user: group by day, model, app or status")
    }
    if dimensions.contains(.day) {
      throw Contradiction(description: "group_by=day does not go with hour or channel")
    }
    if dimensions.contains(.hour) { try checkHours() }
  }

  private func checkHours() throws(Contradiction) {
    guard let from, let to else { throw Contradiction(description: "group_by=hour needs from and to") }
    guard to.daysSinceEpoch - from.daysSinceEpoch < Self.mostDaysOfHours else {
      throw Contradiction(description: "group_by=hour takes at most \(Self.mostDaysOfHours) days")
    }
  }
}
