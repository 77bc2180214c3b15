/// In what the engines' SQL differs. Ask for a property, never for an engine.
package struct Dialect: Sendable, Equatable {
  package enum Upsert: Sendable, Equatable {
    /// `INSERT … ON CONFLICT (…) DO …`
    case onConflict
    /// `INSERT … ON DUPLICATE KEY UPDATE …`
    case onDuplicateKey
  }

  package var upsert: Upsert
  /// The type of a column of bytes.
  package var blobType: String
  /// How many values one statement may bind.
  package var maximumBinds: Int
}
