/// Who authenticates, and whom conversations belong to.
package struct Account: Sendable, Equatable {
  package enum Role: String, Sendable, CaseIterable {
    /// May also act in other accounts, and manage accounts and keys.
    case admin
    case user
  }

  package enum Status: String, Sendable, CaseIterable {
    case active
    /// None of its keys is taken.
    case disabled
  }

  /// The account that is there from the beginning, whose everything is as long as there are no keys.
  package static let standard = "default"
  /// In characters.
  package static let longestName = 64

  package var name: String
  package var role: Role
  package var status: Status
  /// Unix milliseconds, UTC.
  package var createdAt: Int64
  package var updatedAt: Int64

  package init(name: String, role: Role, status: Status = .active, createdAt: Int64, updatedAt: Int64) {
    self.name = name
    self.role = role
    self.status = status
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}
