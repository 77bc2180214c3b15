import VerbatimModel

/// Gives every line without a `client_message_id` a key of its own, the same whenever the file is imported again: what
/// the line says, and how many times it was said before in this import.
///
/// Costs about 30 bytes of memory for each such line.
struct LineKeys {
  private var occurrences: [UInt64: UInt32] = [:]

  mutating func key(of line: Bytes) throws(ImportError) -> String {
    guard let digest = SHA256.hex(line) else {
      throw ImportError("OpenSSL offers no SHA-256, which the keys of imported lines need")
    }
    // Half of the digest: two lines that share it are counted together, and still differ in the rest of their keys.
    let count = occurrences[UInt64(digest.prefix(16), radix: 16) ?? 0, default: 0] + 1
    occurrences[UInt64(digest.prefix(16), radix: 16) ?? 0] = count
    return "import-\(digest.prefix(40))-\(count)"
  }
}

/// One clear line that ends an import.
package struct ImportError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
