/// Writes `?` as `$1`, `$2`, … where it stands for a value: not in texts, quoted identifiers, comments and dollar quotes
/// (https://www.postgresql.org/docs/current/sql-syntax-lexical.html).
struct PostgresText {
  private let source: [UInt8]
  private var result: [UInt8] = []
  private var position = 0
  private var count = 0

  static func numbered(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "?")) else { return text }
    var scan = PostgresText(text)
    scan.run()
    return String(decoding: scan.result, as: UTF8.self)
  }

  private init(_ text: String) {
    source = Array(text.utf8)
    result.reserveCapacity(source.count + 16)
  }

  private mutating func run() {
    while position < source.count {
      let start = position
      switch source[position] {
      case UInt8(ascii: "?"):
        position += 1
        count += 1
        result.append(contentsOf: "$\(count)".utf8)
        continue
      case UInt8(ascii: "'"): skipQuoted(UInt8(ascii: "'"), escapes: isEscapeText(start))
      case UInt8(ascii: "\""): skipQuoted(UInt8(ascii: "\""), escapes: false)
      case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"): skipLine()
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): skipComment()
      case UInt8(ascii: "$") where !isWord(byte(-1)): skipDollarQuoted()
      default: position += 1
      }
      result.append(contentsOf: source[start..<min(position, source.count)])
    }
  }

  private func byte(_ distance: Int) -> UInt8 {
    source.indices.contains(position + distance) ? source[position + distance] : 0
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 95, 97...122, 128...255: true
    default: false
    }
  }

  /// `E'…'`, in which a backslash takes the quote after it along.
  private func isEscapeText(_ start: Int) -> Bool {
    guard byte(-1) | 0x20 == UInt8(ascii: "e") else { return false }
    return start < 2 || !isWord(source[start - 2])
  }

  /// A doubled quote begins a new quoted piece, which comes to the same.
  private mutating func skipQuoted(_ quote: UInt8, escapes: Bool) {
    position += 1
    while position < source.count && source[position] != quote {
      position += escapes && source[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    position += 1
  }

  private mutating func skipLine() {
    while position < source.count && source[position] != UInt8(ascii: "\n") { position += 1 }
  }

  /// Comments may stand in comments.
  private mutating func skipComment() {
    var depth = 0
    repeat {
      if byte(0) == UInt8(ascii: "/") && byte(1) == UInt8(ascii: "*") {
        depth += 1
        position += 2
      } else if byte(0) == UInt8(ascii: "*") && byte(1) == UInt8(ascii: "/") {
        depth -= 1
        position += 2
      } else {
        position += 1
      }
    } while depth > 0 && position < source.count
  }

  /// `$$…$$` or `$tag$…$tag$`; any other `$` is passed over.
  private mutating func skipDollarQuoted() {
    guard let end = source[(position + 1)...].firstIndex(where: { !isWord($0) }), source[end] == UInt8(ascii: "$"),
      !(48...57).contains(byte(1))
    else {
      position += 1
      return
    }
    let tag = source[position...end]
    position = end + 1
    while position < source.count && !source[position...].starts(with: tag) { position += 1 }
    position += tag.count
  }
}
