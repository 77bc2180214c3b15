import Databases
import Foundation

/// Where a database is, from a DSN in any of the forms that the neighbours of Verbatim use.
package struct DatabaseLocation: Sendable, Equatable {
  package let engine: Engine
  /// Nobody named it, so its folder is made where it is missing.
  package let isStandard: Bool

  package static let standard = DatabaseLocation(
    engine: .sqlite(SQLiteFile(path: "./data/verbatim.db")), isStandard: true)

  /// The file's path, or the server's address without its password.
  package var name: String { engine.description }

  private init(engine: Engine, isStandard: Bool) {
    self.engine = engine
    self.isStandard = isStandard
  }

  /// `local` is the standard file. Throws one line that does not repeat the DSN, since it may hold a password.
  package init(dsn: String) throws(SettingError) {
    // A file of settings or of secrets may end in a space or a line break.
    let dsn = dsn.trimmingCharacters(in: .whitespacesAndNewlines)
    if dsn == "local" {
      self = .standard
      return
    }
    do {
      self.init(engine: try Engine(dsn: dsn), isStandard: false)
    } catch {
      throw SettingError(error.problem, allowed: error.allowed)
    }
  }
}
