/// Names of a connection's prepared statements.
///
/// No two connections share a name: behind a pooler a server's session serves several of them, and a statement of the
/// same name would be another's.
final class PostgresStatementNames {
  struct Name {
    let text: String
    fileprivate let generation: Int
  }

  private let prefix = "verbatim_" + String(UInt64.random(in: .min ... .max), radix: 36)
  private var count = 0
  private var generation = 0
  private var forgotten: [String] = []

  func next() -> Name {
    count += 1
    return Name(text: "\(prefix)_\(count)", generation: generation)
  }

  func isCurrent(_ name: Name) -> Bool { name.generation == generation }

  /// The server may have forgotten all names given so far.
  func expire() { generation += 1 }

  /// The server may let go of the statement.
  func forget(_ name: Name) { forgotten.append(name.text) }

  var hasForgotten: Bool { !forgotten.isEmpty }

  /// Names that the server should let go of; they are answered once.
  func takeForgotten() -> [String] {
    defer { forgotten.removeAll() }
    return forgotten
  }
}
